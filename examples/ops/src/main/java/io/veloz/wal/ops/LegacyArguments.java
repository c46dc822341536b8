package io.veloz.wal.ops;

import io.veloz.wal.legacy.LegacyLog;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The arguments of commands that read an old log. */
final class LegacyArguments {
    @Parameters(index = "0", paramLabel = "LEGACY_DIR", description = "Directory of the engine's old log.")
    Path directory = Path.of("");

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "Prefix of the log's file names. Default: ${DEFAULT-VALUE}.")
    String prefix = "orders";

    LegacyLog open() {
        LogDirectory.requireLegacyLog(directory);
        return LegacyLog.open(directory, prefix);
    }
}
