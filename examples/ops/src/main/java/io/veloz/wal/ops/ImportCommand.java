package io.veloz.wal.ops;

import io.veloz.wal.WalConfig;
import io.veloz.wal.legacy.LegacyImport;
import io.veloz.wal.legacy.LegacyImportReport;
import io.veloz.wal.legacy.LegacyLog;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code import}: from one of the engine's own logs to a new one. */
@Command(
        name = "import",
        description = {
            "Brings a log that the engine itself wrote into a new log, keeping times and order.",
            "",
            "Takes what `legacy-orders --mode default` takes for true; afterwards `orders DIR` shows the same orders. The"
                    + " new log is built in DIR.partial and gets its name when it is complete and on disk, so an import that"
                    + " is cut short leaves no DIR. Never writes into a log that is there, never changes the old one; no"
                    + " engine should write it meanwhile."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal import /var/lib/veloz/wal /var/lib/veloz/wal-new",
            "",
            "  0   imported, no finding",
            "  1   imported, with findings; nothing acknowledged was lost",
            "  2   imported, but the old log lost or may have lost acknowledged data; or failed, and there is no DIR",
            "  4   refused: LEGACY_DIR holds no log of the engine, or DIR is not empty; nothing was changed",
            "  64  usage"
        })
final class ImportCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final LegacyArguments from = new LegacyArguments();

    @Parameters(
            index = "1",
            paramLabel = "DIR",
            description = "The new log: a directory that is not there, or is empty.")
    private Path into = Path.of("");

    @Option(names = "--json", description = "The report as one JSON object.")
    private boolean json;

    ImportCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        LegacyLog old = from.open();
        LogDirectory.requireNew(into);
        WalConfig config = WalConfig.builder(into).prefix(from.prefix).build();
        long started = System.nanoTime();
        LegacyImportReport report;
        try (Progress progress = streams.progress("import", Progress.Unit.BYTES)) {
            report = LegacyImport.run(old, config, progress);
        }
        write(report, System.nanoTime() - started);
        streams.out().flush();
        LegacyFindings.tell(report.replay(), streams);
        return LegacyFindings.exitCode(report.replay());
    }

    private void write(LegacyImportReport report, long tookNanos) {
        Output out = streams.out();
        int orders = report.replay().orders().size();
        long findings = LegacyFindings.count(report.replay());
        if (!json) {
            out.line("imported    " + Units.count(report.records(), "record") + " of "
                    + Units.count(report.replay().stats().entriesReplayed()) + " entries, "
                    + Units.count(orders, "order"));
            out.line("into        " + report.directory());
            out.lineOf("took        %,.3f s", tookNanos / 1e9);
            out.line("findings    " + Units.count(findings));
            return;
        }
        Json to = new Json(out).object();
        to.field("directory", report.directory().toString()).field("records", report.records());
        to.field("entries_replayed", report.replay().stats().entriesReplayed());
        to.field("orders", orders).field("took_ns", tookNanos);
        to.field("exit_code", LegacyFindings.exitCode(report.replay()));
        LegacyFindings.write(to, report.replay());
        to.endObject();
        out.character('\n');
    }
}
