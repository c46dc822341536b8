package io.veloz.wal.demo;

import io.veloz.wal.WalConfig;
import io.veloz.wal.legacy.LegacyImport;
import io.veloz.wal.legacy.LegacyImportReport;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import java.nio.file.Path;

/** Imports the engine's old log into a new one, and compares the orders. */
final class ImportStep {
    private final Screen screen;

    ImportStep(Screen screen) {
        this.screen = screen;
    }

    void run(EngineLog engine, EngineOrders expected, Path target) {
        screen.heading("1  The engine's old log, imported");
        WalConfig settings = WalConfig.builder(target).build();
        long started = System.nanoTime();
        LegacyImportReport report =
                LegacyImport.run(engine.open(), settings, (done, total) -> screen.progress("importing", done, total));
        long took = System.nanoTime() - started;
        screen.line(
                "read",
                Figures.count(report.replay().stats().entriesReplayed()) + " entries in "
                        + engine.open().files().size() + " files, "
                        + Figures.bytes(report.replay().stats().bytesReplayed()) + "; "
                        + report.replay().findings().size() + " findings");
        screen.line(
                "imported", Figures.count(report.records()) + " events in " + Figures.seconds(took) + ", and verified");
        try (OrderLog log = OrderLog.open(OrderLogConfig.builder(settings).build())) {
            expected.compare(screen, log.store().orders());
        }
    }
}
