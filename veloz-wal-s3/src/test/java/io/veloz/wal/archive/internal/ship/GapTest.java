package io.veloz.wal.archive.internal.ship;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.Wal;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.ArchiveStatus;
import io.veloz.wal.archive.ShipperConfig;
import io.veloz.wal.archive.SpoolPolicy;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.SmallLog.Entry;
import io.veloz.wal.archive.internal.ship.TestShip.Stepper;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.restore.RestoreReport.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store was unavailable, and the oldest segments above the spool budget were trimmed. No archived record is lost. */
@Tag("enumeration")
class GapTest {
    private static final SpoolPolicy BUDGET = SpoolPolicy.giveUpOldest(3 * 16 * 1024);

    @TempDir
    Path dir;

    private final HeapStore store = new HeapStore();
    private final List<Entry> all = new ArrayList<>();

    private Wal open() {
        return SmallLog.open(dir.resolve("log"));
    }

    private Stepper stepper(Wal wal) {
        ShipperConfig config = TestShip.shipping(store).spoolPolicy(BUDGET).build();
        return new Stepper(LocalLog.of(wal), store, config);
    }

    private long ship(Wal wal) {
        try (Stepper shipper = stepper(wal)) {
            shipper.ship();
            assertThat(shipper.archived).isEqualTo(wal.durableSequence());
            return shipper.gaps.size();
        }
    }

    /** Appends records that are not shipped, and trims the segments above the budget. */
    private void outage(Wal wal, int records) throws IOException {
        SmallLog.append(wal, records);
        remember();
        var guard = new Spool.Guard(LocalLog.of(wal), "x", BUDGET);
        wal.addTrimGuard(guard);
        wal.writeCheckpoint(wal.durableSequence() - 1, out -> out.write(1));
        wal.writeCheckpoint(wal.durableSequence(), out -> out.write(2));
        assertThat(wal.trim(0).deletedSegments()).isNotEmpty();
        wal.removeTrimGuards(guard.name());
    }

    /** Records the content of the log before it is trimmed. */
    private void remember() {
        long known = all.isEmpty() ? 0 : all.get(all.size() - 1).sequence();
        SmallLog.read(dir.resolve("log")).stream()
                .filter(entry -> entry.sequence() > known)
                .forEach(all::add);
    }

    private String archive(String name) throws IOException {
        String uri = dir.resolve(name).toUri().toString();
        Files.createDirectories(dir.resolve(name));
        try (ObjectStore copy = ObjectStores.open(uri)) {
            for (var object : store.objects().entrySet()) {
                copy.putIfAbsent(object.getKey(), ObjectContent.of(object.getValue()));
            }
        }
        return uri;
    }

    private long firstLocal() {
        return SmallLog.read(dir.resolve("log")).get(0).sequence();
    }

    private void assertAllButTheGap(String name, long firstLost, long lastLost, String expectedRuns)
            throws IOException {
        String uri = archive("archive-" + name);
        Path target = dir.resolve("target-" + name);
        WalRestoreException refused = catchThrowableOfType(
                WalRestoreException.class, () -> WalRecovery.restoreFrom(uri, RestoreOptions.into(target)));
        assertThat(refused.reason()).isEqualTo(Reason.GAP);
        assertThat(refused.firstSequence()).isEqualTo(firstLost);
        assertThat(refused.lastSequence()).isEqualTo(lastLost);
        RestoreReport report =
                WalRecovery.restoreFrom(uri, RestoreOptions.into(target).acceptGaps());
        assertThat(report.outcome()).isEqualTo(Outcome.COPIED);
        List<Entry> restored = SmallLog.read(target);
        assertThat(runs(restored)).isEqualTo(expectedRuns);
        // While the log is written, the last record is not visible yet.
        Set<Entry> known = new HashSet<>(all);
        assertThat(restored.stream().filter(known::contains).count()).isGreaterThanOrEqualTo(restored.size() - 1);
        Path before = dir.resolve("before-" + name);
        WalRecovery.restoreFrom(uri, RestoreOptions.into(before).untilSequence(firstLost - 1));
        assertThat(runs(SmallLog.read(before))).isEqualTo("1-" + (firstLost - 1));
    }

    @Test
    void tailsBeforeAGapAreRestoredAfterARestartAndCleanUp() throws IOException {
        try (Wal wal = open()) {
            SmallLog.append(wal, 300);
            assertThat(ship(wal)).isZero();
            assertThat(tails()).isPositive();
            outage(wal, 1200);
            long last = firstLocal() - 1;
            assertThat(last).isGreaterThan(300);
            try (Stepper shipper = stepper(wal)) {
                shipper.ship();
                assertThat(shipper.gaps).containsExactly("301-" + last);
                SmallLog.append(wal, 300);
                shipper.ship();
                shipper.ship();
            }
            remember();
            assertAllButTheGap("once", 301, last, "1-300, " + (last + 1) + "-1800");
            SmallLog.append(wal, 300);
            assertThat(ship(wal)).isZero();
            assertThat(ship(wal)).isZero();
            remember();
            assertAllButTheGap("restarted", 301, last, "1-300, " + (last + 1) + "-2100");
        }
    }

    @Test
    void allGapsAreDeclared() throws IOException {
        try (Wal wal = open()) {
            SmallLog.append(wal, 300);
            ship(wal);
            outage(wal, 1200);
            long last = firstLocal() - 1;
            ship(wal);
            outage(wal, 1200);
            assertThat(ship(wal)).isEqualTo(1);
            long second = firstLocal() - 1;
            assertAllButTheGap("two", 301, last, "1-300, " + (last + 1) + "-1500, " + (second + 1) + "-2700");
        }
    }

    /** The segment that the shipper reads and the next one are deleted. */
    @Test
    void shipperOvertakenByATrimDeclaresTheGapAndContinues() throws IOException {
        try (Wal wal = open();
                Stepper shipper = stepper(wal)) {
            SmallLog.append(wal, 300);
            shipper.ship();
            outage(wal, 1200);
            shipper.ship();
            assertThat(shipper.gaps).hasSize(1);
            assertThat(shipper.archived).isEqualTo(wal.durableSequence());
        }
    }

    @Test
    void gapMayBeTheLastSlot() throws IOException {
        try (Wal wal = open()) {
            SmallLog.append(wal, 300);
            ship(wal);
            outage(wal, 1200);
        }
        long last = firstLocal() - 1;
        try (Wal wal = open();
                Stepper shipper = stepper(wal)) {
            long slots = slots();
            while (slots() < slots + 2) {
                assertThat(shipper.shipping.advance()).isTrue();
            }
        }
        assertAllButTheGap("last", 301, last, "1-300");
    }

    /** Returns the runs of consecutive sequences. */
    private static String runs(List<Entry> entries) {
        StringBuilder runs = new StringBuilder();
        long last = -1;
        for (Entry entry : entries) {
            if (entry.sequence() != last + 1) {
                runs.append(last < 0 ? "" : "-" + last + ", ").append(entry.sequence());
            }
            last = entry.sequence();
        }
        return runs + "-" + last;
    }

    private long slots() {
        return store.objects().keySet().stream()
                .filter(key -> key.startsWith(ArchiveKeys.SLOTS))
                .count();
    }

    private long tails() throws IOException {
        try (ObjectStore copy = ObjectStores.open(archive("inspected"))) {
            return ArchiveStatus.of(copy).tails();
        }
    }
}
