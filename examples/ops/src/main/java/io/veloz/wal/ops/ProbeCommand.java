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

/** {@code probe}: tests whether a store is suitable for an archive. */
@Command(
        name = "probe",
        description = {
            "Tests whether a store provides what an archive requires, above all conditional writes: if several writers"
                    + " create the same object, exactly one succeeds.",
            "",
            "Writes about 3,000 small objects and three larger ones under probe/ at the given URI, 45 MB in total, and deletes"
                    + " them. Takes about a second for a directory, and a minute for a remote store. Run it once for each new"
                    + " store and after each upgrade of a store."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal probe s3://bucket/orders",
            "  veloz-wal probe --endpoint https://minio.internal:9000 s3://bucket/orders",
            "  veloz-wal probe --quick file:///mnt/backup/orders",
            "",
            "  0   usable: all checks passed",
            "  2   not usable, or access denied",
            "  5   the store cannot be reached",
            "  64  usage"
        })
final class ProbeCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(index = "0", paramLabel = "URI", description = StoreArguments.URI)
    private String uri = "";

    @Option(names = "--quick", description = "Only the checks that a shipper runs when it starts: five requests.")
    private boolean quick;

    @Option(names = "--json", description = "Print one JSON object at the end instead of a line per check.")
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
            // If the store cannot be reached at all, this throws one error instead of reporting each check.
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

    /** Prints each result immediately, because all checks of a remote store take a minute. */
    private void show(boolean shown, ProbeResult result) {
        if (shown && !json) {
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
