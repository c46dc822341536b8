package io.veloz.wal.ops;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.BackupProfile;
import io.veloz.wal.backup.Drill;
import io.veloz.wal.backup.DrillOptions;
import io.veloz.wal.backup.DrillReceipt;
import io.veloz.wal.backup.RecoveryKeys;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code drill}: recovers a whole engine next to production, and compares it with the recovery point. */
@Command(
        name = "drill",
        description = {
            "Recovers a whole engine next to production, compares it with the recovery point, and puts a receipt with the"
                    + " measured recovery time (RTO) and data loss (RPO) into the archive.",
            "",
            "It makes its own directory, PostgreSQL cluster, log and engine, and removes them at the end, also after a"
                    + " failure. There is no option for a database, a log or a service, so it cannot change those of"
                    + " production. Run it every month."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal drill --profile backup.properties --key drill.key --signer signer.asc",
            "  veloz-wal drill --profile backup.properties --key ... --signer ... --report drill.html",
            "  veloz-wal drill s3://bucket/orders --profile backup.properties --key ... --signer ... --point 12",
            "",
            "  0   PASSED: everything was recovered and compared",
            "  1   PASSED, but the metrics file cannot be written",
            "  2   FAILED: something cannot be recovered, or differs. Act on it now",
            "  4   refused: the profile or the directory has to be corrected; nothing was changed",
            "  5   INCONCLUSIVE: the store was not available, or a program is missing. This proves nothing",
            "  64  usage"
        })
final class DrillCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private ProfileArguments profile = new ProfileArguments();

    @Mixin
    private KeyArguments keyArguments = new KeyArguments();

    @Option(
            names = "--directory",
            paramLabel = "DIR",
            description = "A directory that does not exist or is empty. Default: drill.directory of the profile, or"
                    + " /var/tmp/veloz-drill.")
    private @Nullable Path directory;

    @Option(names = "--point", paramLabel = "N", description = "Recover point N. Default: the newest point.")
    private @Nullable Long point;

    @Option(names = "--keep", description = "Keep the directory. Servers are stopped nevertheless.")
    private boolean keep;

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "Also write the receipt as one HTML page, with a chart of the time by step.")
    private @Nullable Path report;

    @Mixin
    private MetricsArguments metrics = new MetricsArguments();

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    DrillCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws IOException {
        BackupProfile read = profile.read();
        RecoveryKeys keys = keyArguments.keys(spec);
        String uri = profile.uri(spec, read);
        if (report != null) {
            ReplacedFile.requireWritable(report);
        }
        DrillReceipt receipt;
        try (ObjectStore store = arguments.open(spec, uri);
                RecoveryBar bar = new RecoveryBar(streams)) {
            receipt = new Drill(read).run(store, uri, options(read), keys, bar);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.REFUSED, String.valueOf(e.getMessage()));
        }
        if (report != null) {
            ReplacedFile.write(report, receipt.toHtml());
        }
        if (json) {
            DrillText.writeJson(receipt, streams.out());
        } else {
            DrillText.write(receipt, streams.out());
        }
        boolean passed = receipt.result() == DrillReceipt.Result.PASSED;
        boolean counted = !passed || metrics.drill(Instant.now(), streams);
        return counted ? DrillText.exitCode(receipt) : ExitCode.WARNING;
    }

    private DrillOptions options(BackupProfile read) {
        DrillOptions options = DrillOptions.in(directory == null ? read.drillDirectory() : directory)
                .storeSettings(arguments.settings());
        options = point == null ? options : options.point(point);
        return keep ? options.keep() : options;
    }
}
