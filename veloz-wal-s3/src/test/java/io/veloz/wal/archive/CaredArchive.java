package io.veloz.wal.archive;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.RecordGroup;
import io.veloz.wal.Wal;
import io.veloz.wal.WalProgress;
import io.veloz.wal.archive.ArchiveVerifyOptions.Level;
import io.veloz.wal.archive.internal.care.CareChain;
import io.veloz.wal.archive.internal.format.CareState;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Prover;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.SmallLog;
import io.veloz.wal.archive.internal.restore.TestArchive;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An archive of 50 days with one record an hour, a checkpoint every 150 records, and a clock that tests set. Its objects are made
 * once, and each test begins with a copy.
 */
final class CaredArchive {
    static final int RECORDS = 1200;
    static final int CHECKPOINT_EVERY = 150;
    static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");
    static final Instant RESTARTED = BEGIN.plus(Duration.ofDays(3700));

    private final Map<String, byte[]> objects;
    private final Change commit;
    private final Change restart;
    final Time clock = new Time();

    static final class Time extends Clock {
        Instant now = BEGIN.plus(Duration.ofHours(RECORDS));

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }

        void add(Duration time) {
            now = now.plus(time);
        }
    }

    /** What a shipper does to an archive. */
    private record Change(Map<String, byte[]> puts, List<String> deletes) {
        static Change between(Map<String, byte[]> before, Map<String, byte[]> after) {
            Map<String, byte[]> puts = new TreeMap<>(after);
            puts.keySet().removeAll(before.keySet());
            List<String> deletes = new ArrayList<>(before.keySet());
            deletes.removeAll(after.keySet());
            return new Change(puts, deletes);
        }
    }

    private CaredArchive(Map<String, byte[]> objects, Change commit, Change restart) {
        this.objects = objects;
        this.commit = commit;
        this.restart = restart;
    }

    /** Makes a log in that directory, and its archive. */
    static CaredArchive make(Path directory) throws IOException {
        SmallLog.idle(directory, wal -> {
            for (int i = 0; i < RECORDS; i++) {
                long nanos = BEGIN.plus(Duration.ofHours(i)).getEpochSecond() * 1_000_000_000L;
                RecordGroup group = new RecordGroup();
                group.add(1, nanos, SmallLog.bytes("record " + (i + 1) + " ".repeat(300)));
                wal.append(group);
            }
            wal.sync();
        });
        HeapStore store = new HeapStore();
        TestArchive archive = new TestArchive(store, directory)
                .segments(1, LogFiles.of(directory).sealed().size());
        for (int sequence = CHECKPOINT_EVERY; sequence < RECORDS; sequence += CHECKPOINT_EVERY) {
            try (Wal wal = SmallLog.open(directory)) {
                long covered = sequence;
                if (sequence > CHECKPOINT_EVERY) {
                    // Checkpoints alternate between two files, and the archive takes the first one.
                    wal.writeCheckpoint(covered - 1, out -> out.write(0));
                }
                wal.writeCheckpoint(covered, out -> out.write(1));
            }
            archive.checkpoint(directory, sequence);
        }
        archive.at(BEGIN.plus(Duration.ofHours(RECORDS))).tails(1000, Long.MAX_VALUE);
        Map<String, byte[]> made = store.objects();
        archive.segment(archive.archived().segment()).dropTails();
        Map<String, byte[]> committed = store.objects();
        archive.at(RESTARTED).epoch();
        return new CaredArchive(made, Change.between(made, committed), Change.between(committed, store.objects()));
    }

    /** Commits the segment of the tails. */
    void commit(HeapStore store) {
        commit.puts.forEach(store::damage);
    }

    /** Deletes the tails; after {@link #commit}. */
    void dropTails(HeapStore store) {
        commit.deletes.forEach(store::remove);
    }

    /** Restarts the shipper after years without a record; after {@link #commit}. */
    void restart(HeapStore store) {
        restart.puts.forEach(store::damage);
    }

    /** Returns a store with the objects of the archive, and resets the clock. */
    HeapStore newStore() {
        clock.now = BEGIN.plus(Duration.ofHours(RECORDS));
        HeapStore store = new HeapStore();
        objects.forEach(store::damage);
        return store;
    }

    /** Returns the same archive with a recorded verification by content. */
    CaredArchive verified() {
        HeapStore store = newStore();
        verify(store);
        return new CaredArchive(store.objects(), commit, restart);
    }

    void copyTo(ObjectStore store) throws IOException {
        clock.now = BEGIN.plus(Duration.ofHours(RECORDS));
        for (Map.Entry<String, byte[]> object : objects.entrySet()) {
            store.putIfAbsent(object.getKey(), ObjectContent.of(object.getValue()));
        }
    }

    CareAccess care(ObjectStore store) {
        return new CareAccess(store, new Retries(attempt -> {}), clock);
    }

    ArchiveReport verify(ObjectStore store) {
        return new ArchiveVerifier(care(store))
                .verify(ArchiveVerifyOptions.level(Level.CONTENT).record().build(), WalProgress.NONE);
    }

    static ArchiveRetentionOptions.Builder options() {
        return ArchiveRetentionOptions.builder(Map.of());
    }

    // ---- what is in a store

    static LogIdentity identity(ObjectStore store) throws IOException {
        return new ShipLog(store).identity().orElseThrow();
    }

    static CareState state(ObjectStore store) throws IOException {
        return new CareChain(store, new Retries(attempt -> {}), identity(store))
                .tip()
                .state();
    }

    static Proof proof(ObjectStore store) throws IOException {
        return new Prover(new ShipLog(store), identity(store), new Retries(attempt -> {}), 1, slots -> {})
                .prove(Long.MAX_VALUE);
    }

    /** Checks that the care chain is whole, and that every object at or above the floor exists. */
    static void assertInvariants(ObjectStore store) throws IOException {
        new CareChain(store, new Retries(attempt -> {}), identity(store)).verify();
        CareState.Floor floor = state(store).floor();
        List<String> needed = needed(proof(store), floor.cut());
        for (String key : needed) {
            assertThat(store.head(key)).as(key + " with floor " + floor).isPresent();
        }
    }

    static List<String> needed(Proof proof, CareState.Cut cut) {
        return java.util.stream.Stream.concat(
                        proof.segments().stream()
                                .filter(segment -> segment.number() >= cut.segment())
                                .map(Segment::key),
                        proof.attachments().stream()
                                .filter(attachment -> attachment.sequence() >= cut.sequence() - 1)
                                .map(Attachment::key))
                .toList();
    }
}
