package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.DiskStorage;
import java.nio.file.Path;

/** The directory of a log, and the prefix of its file names. */
final class LogArguments {
    final Path directory;
    final String prefix;

    LogArguments(Path directory, String prefix) {
        this.directory = directory;
        this.prefix = prefix;
    }

    /** Returns the files of the log. Throws a {@link CommandFailure} if the directory does not contain one. */
    LogFiles files() {
        LogDirectory.requireLog(directory, prefix);
        return LogFiles.of(DiskStorage.open(directory), prefix);
    }

    /** Returns options to read the whole log. Throws a {@link CommandFailure} if the directory does not contain one. */
    ReadOptions options() {
        LogDirectory.requireLog(directory, prefix);
        return ReadOptions.of(directory).prefix(prefix);
    }
}
