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

/** {@code import}: imports an old log of the engine into a new log. */
@Command(
        name = "import",
        description = {
            "Imports an old log of the engine into a new log, with the same order and times.",
            "",
            "Imports the events that `legacy-orders --mode default` applies, so that `orders DIR` prints the same orders. The"
                    + " new log is created in DIR.partial and renamed to DIR once it is complete and durable, so an"
                    + " interrupted import leaves no DIR. Never writes to an existing log and never changes the old one. No"
                    + " engine should write to the old log during the import."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Tool.Version.class,
        footerHeading = "%nExamples and exit codes:%n",
        footer = {
            "  veloz-wal import /var/lib/veloz/wal /var/lib/veloz/wal-new",
            "",
            "  0   imported without findings",
            "  1   imported with findings; no acknowledged data is lost",
            "  2   imported, but acknowledged data of the old log is or may be lost; or the import failed, without a DIR",
            "  4   refused: LEGACY_DIR does not contain a log of the engine, or DIR is not empty; nothing was changed",
            "  64  usage"
        })
final class ImportCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin
    private final LegacyArguments from = new LegacyArguments();

    @Parameters(
            index = "1",
            paramLabel = "DIR",
            description = "Directory of the new log. It must not exist, or must be empty.")
    private Path into = Path.of("");

    @Option(names = "--json", description = "Print the report as one JSON object.")
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
        LegacyFindings.print(report.replay(), streams);
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
