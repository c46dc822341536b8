package io.veloz.wal.ops;

import java.nio.file.Path;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options of commands that read a log in a directory or in an archive. */
final class SourceArguments {
    static final String PLACE =
            "Directory of a log, or URI of an archive: s3://bucket/prefix, file:///directory. An archive is read without"
                    + " restoring it.";

    private static final String PREFIX = "orders";

    @Option(
            names = "--prefix",
            paramLabel = "NAME",
            description = "Prefix of the file names of a log in a directory. Default: " + PREFIX + ".")
    private String prefix = PREFIX;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    /** Opens the log. An invalid combination of options is a usage error. */
    LogSource open(CommandSpec command, String place, Streams streams) {
        if (StoreArguments.isUri(place)) {
            if (!prefix.equals(PREFIX)) {
                throw new ParameterException(
                        command.commandLine(), "--prefix requires a directory: an archive states its prefix");
            }
            return new LogSource(arguments.open(command, place), streams);
        }
        if (!arguments.settings().isEmpty()) {
            throw new ParameterException(command.commandLine(), "the store options require a URI");
        }
        return new LogSource(new LogArguments(Path.of(place), prefix), streams);
    }
}
