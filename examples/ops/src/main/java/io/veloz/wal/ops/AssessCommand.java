package io.veloz.wal.ops;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.backup.BackupProfile;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code assess}: what is intact after an incident, and the next command. */
@Command(
        name = "assess",
        description = {
            "Examines what is left after an incident: engine, log and archive, configuration, secrets, database, recovery points."
                    + " Prints which case of the runbook it is, and the next command.",
            "",
            "Read-only. It decides nothing: the command that it prints is for a person to run. If there is a choice, it prints"
                    + " both commands."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal assess --profile backup.properties",
            "",
            "  0   healthy, or only the engine has to be started or to go live",
            "  1   intact, but nothing was backed up yet",
            "  2   something is missing or damaged: run the command that is printed",
            "  4   refused: the profile is not valid, or something contradicts itself or cannot be examined",
            "  64  usage"
        })
final class AssessCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private ProfileArguments profile = new ProfileArguments();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    AssessCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        BackupProfile read = profile.read();
        String uri = profile.uri(spec, read);
        io.veloz.wal.backup.Assessment found;
        try (ObjectStore store = arguments.open(spec, uri)) {
            found = io.veloz.wal.backup.Assessment.of(read, Optional.of(store), uri);
        } catch (StoreException e) {
            streams.warning(String.valueOf(e.getMessage()));
            found = io.veloz.wal.backup.Assessment.of(read, Optional.empty(), uri);
        }
        int exitCode = switch (found.result()) {
            case HEALTHY, READ_ONLY, RESTART -> ExitCode.OK;
            case NO_POINTS -> ExitCode.WARNING;
            case UNCLEAR -> ExitCode.REFUSED;
            default -> ExitCode.FAILED;
        };
        if (json) {
            writeJson(exitCode, found);
        } else {
            write(found);
        }
        return exitCode;
    }

    private void write(io.veloz.wal.backup.Assessment found) {
        Output out = streams.out();
        for (io.veloz.wal.backup.Assessment.Fact fact : found.facts()) {
            out.line(String.format(
                    Locale.ROOT, "%-4s %-18s %s", fact.intact() ? "ok" : "NOT", fact.name(), fact.found()));
        }
        out.line("");
        out.line("case  " + name(found));
        out.line("next  " + found.next());
        found.alternative().ifPresent(command -> out.line("or    " + command));
    }

    private static String name(io.veloz.wal.backup.Assessment found) {
        return found.result().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private void writeJson(int exitCode, io.veloz.wal.backup.Assessment found) {
        Json to = new Json(streams.out()).object().field("case", found.result().name());
        to.field("exit_code", exitCode)
                .field("next", found.next())
                .field("alternative", found.alternative().orElse(null))
                .name("facts")
                .array();
        for (io.veloz.wal.backup.Assessment.Fact fact : found.facts()) {
            to.object().field("name", fact.name()).field("intact", fact.intact());
            to.field("found", fact.found()).endObject();
        }
        to.endArray().endObject();
        streams.out().character('\n');
    }
}
