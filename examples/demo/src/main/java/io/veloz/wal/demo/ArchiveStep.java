package io.veloz.wal.demo;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.WalShipper;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderState;
import io.veloz.wal.restore.RestorePlan;
import io.veloz.wal.restore.RestoreProgress;
import io.veloz.wal.restore.RestoreReport;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Has a process append the engine's events and ship them, kills it, deletes its log, and brings the log back from the
 * archive alone. Then the log goes on, and who slept through all that is kept out.
 */
final class ArchiveStep {
    /** Slow enough for some flushes before the kill. */
    private static final double EVENTS_EACH_SECOND = 5_000;

    private static final long RPO_TARGET_MILLIS = 1_500;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Screen screen;
    private final Random random;
    private final DemoArchive archive;

    ArchiveStep(Screen screen, Random random, DemoArchive archive) {
        this.screen = screen;
        this.random = random;
        this.archive = archive;
    }

    /** @param writer of a log in that directory, not shipping yet */
    void run(WriterProcess writer, Path directory, List<OrderEvent> events, EngineOrders expected)
            throws IOException, InterruptedException {
        screen.line("archive", archive.describe());
        // Even a writer that is too quick to be killed leaves some for the restored log.
        int most = events.size() * 4 / 5;
        int killAfter = (int) (most * (0.65 + 0.3 * random.nextDouble()));
        WriterProcess.Life life = writer.shippingTo(archive, most, EVENTS_EACH_SECOND)
                .run(killAfter, count -> screen.progress("shipping", count, most));
        Demo.deleteFlat(directory);
        long deletedAt = System.nanoTime();
        screen.line(
                life.killed() ? "killed" : "done early",
                Figures.count(life.acknowledged().size()) + " events acknowledged, archived up to record "
                        + Figures.count(life.archivedSequence())
                        + " when last heard of; then the directory was deleted");

        RestoreReport report = WalRecovery.restoreFrom(archive.uri(), archive.restoreInto(directory));
        long restoredAt = System.nanoTime();
        try (OrderLog log = OrderLog.open(Writer.settings(directory));
                WalReader reader = log.wal().reader()) {
            long readyAt = System.nanoTime();
            showRestored(report, life);
            showContent(
                    WrittenEvents.in(reader, events), report, life, log.store().orders());
            showRpo(report, life);
            showRto(report, life, deletedAt, restoredAt, readyAt);
        }
        goOn(writer, directory, report, events.size());
        try (OrderLog log = OrderLog.open(Writer.settings(directory))) {
            expected.compare(screen, log.store().orders());
        }
    }

    private void showRestored(RestoreReport report, WriterProcess.Life life) {
        boolean all = report.lastSequence() >= life.archivedSequence()
                && report.records() == report.lastSequence()
                && report.lost().isEmpty();
        screen.promise(
                "restored",
                "by WalRecovery.restoreFrom(\"" + archive.uri() + "\", …): proven complete, records 1 to "
                        + Figures.count(report.lastSequence()) + ", from "
                        + report.plan().segments()
                        + " segments and " + report.plan().tails() + " tails",
                all
                        ? List.of()
                        : List.of("expected every record up to " + life.archivedSequence() + " at least, got "
                                + report.records() + " up to " + report.lastSequence()));
    }

    private void showContent(
            WrittenEvents written, RestoreReport report, WriterProcess.Life life, List<OrderState> restored) {
        List<String> problems = written.problems(life.acknowledged().stream()
                .filter(event -> event.sequence() <= report.lastSequence())
                .toList());
        screen.promise(
                "archived",
                "each acknowledged event up to there is in its place, and nothing else: " + problems.size()
                        + " places wrong",
                problems);
        List<String> differences = differences(restored, written.orders());
        screen.promise(
                "compared",
                Figures.count(restored.size()) + " orders with what the engine's events up to there make of them: "
                        + differences.size() + " differences",
                differences);
    }

    /** Without the times of the records, which only the log has. */
    private static List<String> differences(List<OrderState> restored, List<OrderState> expected) {
        Map<String, OrderState> missing = new HashMap<>();
        expected.forEach(order -> missing.put(order.clientOrderId(), timeless(order)));
        List<String> differences = new ArrayList<>();
        for (OrderState order : restored) {
            OrderState other = missing.remove(order.clientOrderId());
            if (!timeless(order).equals(other)) {
                differences.add("restored " + order + ", expected " + other);
            }
        }
        missing.keySet().forEach(id -> differences.add(id + ": missing"));
        return differences;
    }

    private static OrderState timeless(OrderState order) {
        return order.toBuilder().createdNanos(0).updatedNanos(0).build();
    }

    private void showRpo(RestoreReport report, WriterProcess.Life life) {
        List<Acknowledged> lost = life.acknowledged().stream()
                .filter(event -> event.sequence() > report.lastSequence())
                .toList();
        long first = lost.stream().mapToLong(Acknowledged::nanos).min().orElse(life.endNanos());
        long nanos = Math.max(0, life.endNanos() - first);
        screen.target(
                "RPO",
                Figures.count(lost.size()) + " records, those of the last " + Figures.millis(nanos)
                        + ", were acknowledged and not archived yet; wanted: at most "
                        + Figures.count(RPO_TARGET_MILLIS) + " ms",
                nanos <= RPO_TARGET_MILLIS * 1_000_000);
    }

    private void showRto(RestoreReport report, WriterProcess.Life life, long deletedAt, long restoredAt, long readyAt) {
        StringBuilder stages = new StringBuilder();
        for (RestoreProgress.Stage stage : RestoreProgress.Stage.values()) {
            Duration took = report.took().getOrDefault(stage, Duration.ZERO);
            if (!took.isZero()) {
                stages.append(stages.isEmpty() ? "" : ", ")
                        .append(stage.name().toLowerCase(Locale.ROOT))
                        .append(' ')
                        .append(Figures.millis(took.toNanos()));
            }
        }
        screen.line(
                "RTO",
                Figures.millis(readyAt - life.endNanos())
                        + " from the kill until all orders were back: kill and delete "
                        + Figures.millis(deletedAt - life.endNanos()) + ", restore "
                        + Figures.millis(restoredAt - deletedAt) + " (" + stages + "), open "
                        + Figures.millis(readyAt - restoredAt));
    }

    /** A shipper takes office and falls asleep; meanwhile the writer takes over; then the sleeper wakes. */
    private void goOn(WriterProcess writer, Path directory, RestoreReport report, int total)
            throws IOException, InterruptedException {
        try (ObjectStore store = archive.openStore()) {
            ShipperConfig rarely = ShipperConfig.builder(store)
                    .flushInterval(Duration.ofDays(1))
                    .build();
            try (WalShipper sleeper = WalShipper.start(directory, rarely)) {
                boolean inOffice = sleeper.awaitArchived(report.lastSequence(), PATIENCE);
                long epoch = sleeper.status().epoch();
                WriterProcess.Life life = writer.shippingTo(archive, total, Double.POSITIVE_INFINITY)
                        .run(Integer.MAX_VALUE, count -> screen.progress("going on", count, total));
                long last = lastOf(life);
                showGoneOn(life, last, epoch);
                String woken = inOffice ? outcomeOf(sleeper, last) : "it never was in office";
                screen.promise(
                        "fenced",
                        "a shipper of epoch " + epoch + " that slept meanwhile wakes: " + woken,
                        sleeper.status().fenced() != null
                                ? List.of()
                                : List.of("it was not refused: " + sleeper.status()));
            }
        }
    }

    private static long lastOf(WriterProcess.Life life) {
        return life.acknowledged().stream()
                .mapToLong(Acknowledged::sequence)
                .max()
                .orElse(0);
    }

    private static String outcomeOf(WalShipper sleeper, long last) {
        try {
            return sleeper.awaitArchived(last, PATIENCE) ? "it ships" : "it hears nothing";
        } catch (WalFencedException e) {
            return "refused, epoch " + e.epoch() + " has been in office since " + e.since();
        }
    }

    private void showGoneOn(WriterProcess.Life life, long last, long epochBefore) {
        RestorePlan plan = WalRecovery.planRestore(archive.uri(), archive.restoreInto(Path.of("not-there")));
        boolean kept = plan.archivedSequence() >= last
                && plan.epoch() > epochBefore
                && plan.gaps().isEmpty();
        screen.promise(
                "goes on",
                "the other " + Figures.count(life.acknowledged().size()) + " events appended, and shipped in epoch "
                        + plan.epoch() + ": the archive is proven complete up to record "
                        + Figures.count(plan.archivedSequence()),
                kept
                        ? List.of()
                        : List.of("expected record " + last + ", later than epoch " + epochBefore + ": " + plan));
    }
}
