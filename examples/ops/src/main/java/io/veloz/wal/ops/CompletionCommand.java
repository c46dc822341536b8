package io.veloz.wal.ops;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code completion}: prints a completion script for bash and zsh. */
@Command(
        name = "completion",
        description = {
            "Prints a completion script for the commands and options of `veloz-wal` in bash and zsh.",
            "",
            "It requires a command of that name: an alias, or a script that runs the jar."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  alias veloz-wal='java -jar /opt/veloz/veloz-wal.jar'",
            "  source <(veloz-wal completion)",
            "",
            "  0   printed",
            "  64  usage"
        })
final class CompletionCommand implements Callable<Integer> {
    private final Streams streams;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    CompletionCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        streams.out().text(AutoComplete.bash("veloz-wal", spec.root().commandLine()));
        return ExitCode.OK;
    }
}
