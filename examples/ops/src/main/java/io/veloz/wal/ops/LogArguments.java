package io.veloz.wal.ops;

import io.veloz.wal.ReadOptions;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which log a command reads. Filled by the command line. */
final class LogArguments {
    @Parameters(index = "0", paramLabel = "DIR", description = "The directory of the log.")
    Path directory = Path.of("");

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "What the names of the log's files begin with. Default: ${DEFAULT-VALUE}.")
    String prefix = "orders";

    LogArguments() {}

    LogArguments(Path directory, String prefix) {
        this.directory = directory;
        this.prefix = prefix;
    }

    /** The whole log, once it is clear that there is one. */
    ReadOptions options() {
        LogDirectory.requireLog(directory, prefix);
        return ReadOptions.of(directory).prefix(prefix);
    }
}
