package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The arguments of commands that read a log. */
final class LogArguments {
    @Parameters(index = "0", paramLabel = "DIR", description = "Directory of the log.")
    Path directory = Path.of("");

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "Prefix of the log's file names. Default: ${DEFAULT-VALUE}.")
    String prefix = "orders";

    LogArguments() {}

    LogArguments(Path directory, String prefix) {
        this.directory = directory;
        this.prefix = prefix;
    }

    /** Returns options to read the whole log. Throws a {@link CommandFailure} if the directory does not contain one. */
    ReadOptions options() {
        LogDirectory.requireLog(directory, prefix);
        return ReadOptions.of(directory).prefix(prefix);
    }
}
