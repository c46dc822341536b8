package io.veloz.wal.ops;

import io.veloz.wal.legacy.LegacyLog;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which old log a command reads. Filled by the command line. */
final class LegacyArguments {
    @Parameters(index = "0", paramLabel = "LEGACY_DIR", description = "The directory of the engine's own log.")
    Path directory = Path.of("");

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "What the names of the log's files begin with. Default: ${DEFAULT-VALUE}.")
    String prefix = "orders";

    LegacyLog open() {
        LogDirectory.requireLegacyLog(directory);
        return LegacyLog.open(directory, prefix);
    }
}
