package io.veloz.wal.ops;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.BackupProfile;
import io.veloz.wal.backup.RecoveryPoints;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code points}: lists the recovery points of an archive. */
@Command(
        name = "points",
        description = {
            "Lists the recovery points of an archive: number, age, host, the records between which they were taken, kinds and"
                    + " sizes.",
            "",
            "Proves the chain of points, and that every chunk exists with its size. `verify --points --full` reads the chunks."
                    + " Read-only."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal points --profile backup.properties",
            "  veloz-wal points --profile backup.properties --json | jq '.points[-1].age_seconds'",
            "  veloz-wal points --profile backup.properties --json | jq '.points[-1].attachments[].chunks'",
            "",
            "  0   every point is whole, or dropped by retention",
            "  1   there are no recovery points",
            "  2   a point or a chunk is missing or damaged",
            "  4   refused: the profile is not valid",
            "  5   the store cannot be reached",
            "  64  usage"
        })
final class PointsCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private ProfileArguments profile = new ProfileArguments();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    PointsCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        BackupProfile read = profile.read();
        try (ObjectStore store = arguments.open(spec, profile.uri(spec, read))) {
            return PointsText.write(store.describe(), RecoveryPoints.list(store), json, streams.out());
        }
    }
}
