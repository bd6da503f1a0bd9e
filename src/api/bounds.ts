/** The agent's final words are cut to this many characters in `status.result.text`. */
export const MAX_RESULT_TEXT = 8192;

/** Bytes of `resultSchema`, and of `status.result.data`. */
export const MAX_RESULT_DATA = 16 * 1024;
