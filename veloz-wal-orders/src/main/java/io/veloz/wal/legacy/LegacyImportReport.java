package io.veloz.wal.legacy;

import java.nio.file.Path;

/**
 * What an import brought over. Immutable.
 *
 * @param directory where the new log is
 * @param records how many it holds: one for each event that counts
 * @param replay what was found in the old log, its orders and its doubtful places
 */
public record LegacyImportReport(Path directory, long records, LegacyReplay replay) {}
