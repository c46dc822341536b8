package io.veloz.wal.ops;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.probe.ProbeReport;
import io.veloz.wal.archive.store.probe.ProbeResult;
import io.veloz.wal.archive.store.probe.StoreProbe;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code probe}: what a store really does. */
@Command(
        name = "probe",
        description = {
            "Tries whether a store does what an archive needs of it, whatever its brand says: above all that of several"
                    + " writers of one object exactly one wins.",
            "",
            "Puts some 3,000 small objects and three larger ones under probe/ in that place, 45 MB, and removes them"
                    + " again. Takes a second in a directory, and a minute far away. Do it once for each new store, and"
                    + " after each upgrade of one."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal probe s3://bucket/orders",
            "  veloz-wal probe --endpoint https://minio.internal:9000 s3://bucket/orders",
            "  veloz-wal probe --quick file:///mnt/backup/orders",
            "",
            "  0   usable: all checks hold",
            "  2   not usable, or it refuses us",
            "  5   it does not answer",
            "  64  usage"
        })
final class ProbeCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "URI", description = StoreArguments.URI)
    private String uri = "";

    @Option(names = "--quick", description = "Only what a shipper must know before it starts: five requests.")
    private boolean quick;

    @Option(names = "--json", description = "One JSON object at the end instead of a line for each check.")
    private boolean json;

    @ArgGroup(validate = false, heading = StoreArguments.HEADING)
    private StoreArguments arguments = new StoreArguments();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    ProbeCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws StoreException {
        ProbeReport report;
        try (ObjectStore store = arguments.open(spec, uri)) {
            // A store that cannot be asked at all is an error, and not a table of them.
            report = StoreProbe.quick(store, result -> show(quick, result));
            if (!quick) {
                report = StoreProbe.thorough(store, result -> show(true, result));
            }
        }
        int exitCode = report.isUsable() ? ExitCode.OK : ExitCode.FAILED;
        if (json) {
            writeJson(report, exitCode);
        } else {
            streams.out().line(report.verdict());
        }
        return exitCode;
    }

    /** At once: far away the checks take a minute together. */
    private void show(boolean wanted, ProbeResult result) {
        if (wanted && !json) {
            streams.out().line(result.line()).flush();
        }
    }

    private void writeJson(ProbeReport report, int exitCode) {
        Json to = new Json(streams.out()).object();
        to.field("store", report.store()).field("usable", report.isUsable()).field("exit_code", exitCode);
        to.field("verdict", report.verdict()).name("checks").array();
        for (ProbeResult result : report.results()) {
            to.newLine().object().field("name", result.name()).field("holds", result.passed());
            to.field("found", result.found()).field("took_ns", result.took().toNanos());
            to.endObject();
        }
        to.endArray().endObject();
        streams.out().character('\n');
    }
}
