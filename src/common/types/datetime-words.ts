/**
 * Words of dates: month and weekday names, and time zone abbreviations with their offsets.
 *
 * The abbreviations are PostgreSQL's default set, as far as their offset is fixed.
 */

/** Full month names, January first. */
export const MONTH_NAMES: readonly string[] = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September',
  'October', 'November', 'December',
];

/** Full weekday names, Sunday first. */
export const DAY_NAMES: readonly string[] = [
  'Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday',
];

/** First three letters of month names. */
export const MONTH_SHORT: readonly string[] = MONTH_NAMES.map((name) => name.slice(0, 3));
/** First three letters of weekday names. */
export const DAY_SHORT: readonly string[] = DAY_NAMES.map((name) => name.slice(0, 3));

/** 1-12 by lower-case month name or abbreviation. */
export const MONTH_WORDS: ReadonlyMap<string, number> = new Map([
  ...MONTH_NAMES.map((name, i): [string, number] => [name.toLowerCase(), i + 1]),
  ...MONTH_SHORT.map((name, i): [string, number] => [name.toLowerCase(), i + 1]),
  ['sept', 9],
]);

/** Lower-case weekday names and abbreviations, which input ignores. */
export const DAY_WORDS: ReadonlySet<string> = new Set([
  ...DAY_NAMES.map((name) => name.toLowerCase()),
  ...DAY_SHORT.map((name) => name.toLowerCase()),
  'tues', 'wednes', 'weds', 'thur', 'thurs',
]);

const ABBREVIATION_HOURS: readonly (readonly [number, string])[] = [
  [-12, 'idlw'], [-11, 'sst'], [-10, 'hst ckt'], [-9, 'akst'], [-8, 'pst akdt'],
  [-7, 'mst pdt'], [-6, 'cst mdt galt'], [-5, 'est cdt cot pet act ect cidst'],
  [-4, 'edt ast bot fkt gft gyt vet amt clt pyt'], [-3, 'adt art brt clst uyt fkst pmst amst pyst'],
  [-2, 'brst fnt pmdt uyst'], [-1, 'azost egt'],
  [0, 'utc gmt z zulu ut uct wet wetdst_ egst azot_'],
  [1, 'cet met mez bst west wat'], [2, 'cest eet mest mesz sast cat ist_ eedt_ metdst cetdst'],
  [3, 'eest eat msk bt eetdst'], [4, 'msd gst_ aqtt_ amt_ azt_ get mut ret sct volt samt'],
  [5, 'azst gest pkt uzt yekt tjt tmt mvt tft'], [6, 'almt bdt btt iot kgt_ novt_ omst yekst pkst'],
  [7, 'ict wib krat novst omsst cxt davt hovt_'], [8, 'hkt pht sgt wst_ cast bnt myt irkt krast ulat'],
  [9, 'jst kst wit irkst tlt pwt ulast'], [10, 'aest vlat yakst chut ddut pgt aesst_ ligt'],
  [11, 'aedt magt vlast kost_ pont vut aesst lhdt ncst nct'],
  [12, 'nzst fjt magst pett anat kost wakt mht gilt tvt nut_'],
  [13, 'nzdt fjst tot phot anast petst'], [14, 'lint'],
];

const ABBREVIATION_MINUTES: readonly (readonly [string, number])[] = [
  ['ist', 120], ['nst', -210], ['nft', -210], ['ndt', -150], ['irst', 210], ['irdt', 270], ['irt', 210], ['aft', 270],
  ['npt', 345], ['mmt', 390], ['acst', 570], ['acsst', 630], ['cadt', 630], ['sadt', 630],
  ['acdt', 630], ['sast', 120], ['lkt', 330], ['mart', -570], ['taht', -600], ['tkt', 780],
  ['gamt', -540], ['gambt', -540], ['hovst_', 480], ['chast', 765], ['chadt', 825],
  ['awst', 480], ['awsst', 540], ['wast', 120], ['wadt', 480], ['idt', 180], ['gst', 600],
  ['nut', -660], ['wgt', -180], ['wgst', -120], ['egst', 0], ['azot', -60], ['kgt', 360],
  ['kgst', 360], ['novt', 420], ['cct', 480], ['dnt', 60], ['dst', 0], ['fwt', 120], ['fst', 60],
  ['swt', 60], ['mewt', 60], ['hmt', 180], ['jayt', 540], ['kdt', 600], ['ligt', 600],
  ['eetdst', 180], ['bdst', 120], ['bort', 480], ['easst', -300], ['easast', -300], ['east', -360],
];

/** Offset east of UTC in seconds by lower-case abbreviation. */
export const ZONE_ABBREVIATIONS: ReadonlyMap<string, number> = new Map([
  ...ABBREVIATION_HOURS.flatMap(([hours, words]) => words.split(' ')
    .filter((word) => !word.endsWith('_'))
    .map((word): [string, number] => [word, hours * 3600])),
  ...ABBREVIATION_MINUTES
    .filter(([word]) => !word.endsWith('_') && word !== 'dst')
    .map(([word, minutes]): [string, number] => [word, minutes * 60]),
]);
