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
 * Runs a process that appends and ships the engine's events, kills it, deletes its log, and restores the log from the
 * archive. Then appends the remaining events, and shows that an earlier, suspended shipper is fenced.
 */
final class ArchiveStep {
    /** Slow enough that some tails are flushed before the kill. */
    private static final double EVENTS_PER_SECOND = 5_000;

    private static final long RPO_TARGET_MILLIS = 1_500;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final Screen screen;
    private final Random random;
    private final DemoArchive archive;

    ArchiveStep(Screen screen, Random random, DemoArchive archive) {
        this.screen = screen;
        this.random = random;
        this.archive = archive;
    }

    /** @param writer writes a log in the directory and does not ship it yet */
    void run(WriterProcess writer, Path directory, List<OrderEvent> events, EngineOrders expected)
            throws IOException, InterruptedException {
        screen.line("archive", archive.describe());
        // Even if the writer finishes before it is killed, some events remain for the restored log.
        int most = events.size() * 4 / 5;
        int killAfter = (int) (most * (0.65 + 0.3 * random.nextDouble()));
        WriterProcess.Result life = writer.shippingTo(archive, most, EVENTS_PER_SECOND)
                .run(killAfter, count -> screen.progress("shipping", count, most));
        Demo.deleteFlat(directory);
        long deletedAt = System.nanoTime();
        screen.line(
                life.killed() ? "killed" : "done early",
                Figures.count(life.acknowledged().size()) + " events acknowledged, archived up to record "
                        + Figures.count(life.archivedSequence())
                        + " at the last report; then the directory was deleted");

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
        continueLog(writer, directory, report, events.size());
        try (OrderLog log = OrderLog.open(Writer.settings(directory))) {
            expected.compare(screen, log.store().orders());
        }
    }

    private void showRestored(RestoreReport report, WriterProcess.Result life) {
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
            WrittenEvents written, RestoreReport report, WriterProcess.Result life, List<OrderState> restored) {
        List<String> problems = written.problems(life.acknowledged().stream()
                .filter(event -> event.sequence() <= report.lastSequence())
                .toList());
        screen.promise(
                "archived",
                "exactly the acknowledged events up to this record, each at its sequence: " + problems.size()
                        + " differences",
                problems);
        List<String> differences = differences(restored, written.orders());
        screen.promise(
                "compared",
                Figures.count(restored.size()) + " orders with a replay of the engine's events up to this record: "
                        + differences.size() + " differences",
                differences);
    }

    /** Compares orders without the times of the records, which only the log contains. */
    private static List<String> differences(List<OrderState> restored, List<OrderState> expected) {
        Map<String, OrderState> missing = new HashMap<>();
        expected.forEach(order -> missing.put(order.clientOrderId(), withoutTimes(order)));
        List<String> differences = new ArrayList<>();
        for (OrderState order : restored) {
            OrderState other = missing.remove(order.clientOrderId());
            if (!withoutTimes(order).equals(other)) {
                differences.add("restored " + order + ", expected " + other);
            }
        }
        missing.keySet().forEach(id -> differences.add(id + ": missing"));
        return differences;
    }

    private static OrderState withoutTimes(OrderState order) {
        return order.toBuilder().createdNanos(0).updatedNanos(0).build();
    }

    private void showRpo(RestoreReport report, WriterProcess.Result life) {
        List<Acknowledged> lost = life.acknowledged().stream()
                .filter(event -> event.sequence() > report.lastSequence())
                .toList();
        long first = lost.stream().mapToLong(Acknowledged::nanos).min().orElse(life.endNanos());
        long nanos = Math.max(0, life.endNanos() - first);
        screen.target(
                "RPO",
                Figures.count(lost.size()) + " records, those of the last " + Figures.millis(nanos)
                        + ", were acknowledged and not archived yet; target: at most "
                        + Figures.count(RPO_TARGET_MILLIS) + " ms",
                nanos <= RPO_TARGET_MILLIS * 1_000_000);
    }

    private void showRto(
            RestoreReport report, WriterProcess.Result life, long deletedAt, long restoredAt, long readyAt) {
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
                        + " from the kill until all orders were restored: kill and delete "
                        + Figures.millis(deletedAt - life.endNanos()) + ", restore "
                        + Figures.millis(restoredAt - deletedAt) + " (" + stages + "), open "
                        + Figures.millis(readyAt - restoredAt));
    }

    /** Starts a shipper that stays idle, lets the writer take over the archive, and then lets the first one ship. */
    private void continueLog(WriterProcess writer, Path directory, RestoreReport report, int total)
            throws IOException, InterruptedException {
        try (ObjectStore store = archive.openStore()) {
            ShipperConfig rarely = ShipperConfig.builder(store)
                    .flushInterval(Duration.ofDays(1))
                    .takeOver(report.plan().epoch())
                    .build();
            try (WalShipper idle = WalShipper.start(directory, rarely)) {
                boolean hasEpoch = idle.awaitArchived(report.lastSequence(), TIMEOUT);
                long epoch = idle.status().epoch();
                WriterProcess.Result life = writer.shippingTo(archive, total, Double.POSITIVE_INFINITY)
                        .run(Integer.MAX_VALUE, count -> screen.progress("continuing", count, total));
                long last = lastOf(life);
                showContinued(life, last, epoch);
                String outcome = hasEpoch ? outcomeOf(idle, last) : "it never acquired an epoch";
                screen.promise(
                        "fenced",
                        "a shipper of epoch " + epoch + " that was idle meanwhile tries to ship: " + outcome,
                        idle.status().fenced() != null ? List.of() : List.of("it was not fenced: " + idle.status()));
            }
        }
    }

    private static long lastOf(WriterProcess.Result life) {
        return life.acknowledged().stream()
                .mapToLong(Acknowledged::sequence)
                .max()
                .orElse(0);
    }

    private static String outcomeOf(WalShipper idle, long last) {
        try {
            return idle.awaitArchived(last, TIMEOUT) ? "it ships" : "it does not respond";
        } catch (WalFencedException e) {
            return "fenced by epoch " + e.epoch() + " since " + e.since();
        }
    }

    private void showContinued(WriterProcess.Result life, long last, long epochBefore) {
        RestorePlan plan = WalRecovery.planRestore(archive.uri(), archive.restoreInto(Path.of("not-there")));
        boolean kept = plan.archivedSequence() >= last
                && plan.epoch() > epochBefore
                && plan.gaps().isEmpty();
        screen.promise(
                "continued",
                "the remaining " + Figures.count(life.acknowledged().size()) + " events appended, and shipped in epoch "
                        + plan.epoch() + ": the archive is proven complete up to record "
                        + Figures.count(plan.archivedSequence()),
                kept
                        ? List.of()
                        : List.of("expected record " + last + ", later than epoch " + epochBefore + ": " + plan));
    }
}
