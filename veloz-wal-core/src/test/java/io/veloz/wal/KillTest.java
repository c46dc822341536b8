package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.child.Child;
import io.veloz.wal.child.ChildLog;
import io.veloz.wal.fault.Records;
import io.veloz.wal.storage.DiskStorage;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Kills real processes with kill -9, one after another in the same directory. Use -Dwal.rounds=N for longer runs. */
@Timeout(240)
class KillTest {
    private static final int ROUNDS = Integer.getInteger("wal.rounds", 1);
    private static final int KILLS_WHILE_OPENING = 9 * ROUNDS;
    private static final int GROWTHS = 3 * ROUNDS;

    @TempDir
    Path directory;

    private long acked;
    private long shown;

    private static Random random() {
        long seed = Long.getLong("wal.seed", System.nanoTime());
        System.out.println("seed " + seed);
        return new Random(seed);
    }

    @Test
    void everyAcknowledgedRecordSurvivesKill9WhileRecordsAreAppended() throws Exception {
        Random random = random();
        for (int round = 0; round < 6 * ROUNDS; round++) {
            try (Child child = Child.start("append", directory)) {
                child.lineWith("open ");
                int lines = random.nextInt(3_000);
                for (int i = 0; i < lines; i++) {
                    note(String.valueOf(child.line()));
                }
                child.kill().forEach(this::note);
            }
            checkRecords(ChildLog::text);
        }
        assertThat(acked).isPositive();
        System.out.printf(Locale.ROOT, "tried %,7d times: kill -9 of a process that appends%n", 6 * ROUNDS);
        try (Wal wal = Wal.open(small(DiskStorage.createOrOpen(directory)).build())) {
            assertThat(wal.lastSequence()).isGreaterThanOrEqualTo(acked);
            wal.appendDurable(1, payload(ChildLog.text(wal.lastSequence() + 1)));
        }
        checkRecords(ChildLog::text);
    }

    /** The active segment has megabytes, which every open reads and writes again before it trusts them. */
    @Test
    void everyAcknowledgedRecordSurvivesKill9WhileTheLogIsOpened() throws Exception {
        Random random = random();
        int kills = 0;
        for (int growth = 1; growth <= GROWTHS; growth++) {
            long nanos = growAndBeKilled(random);
            checkRecords(ChildLog::largeText);
            // As many kills as are left per growth, because an open that succeeds leaves little work for the next one.
            while (kills < (long) KILLS_WHILE_OPENING * growth / GROWTHS) {
                if (killedWhileItOpens((long) (random.nextDouble() * nanos))) {
                    kills++;
                } else {
                    // The open was faster than the kill. It left an empty active segment, and so little work.
                    nanos = Math.min(nanos / 2, growAndBeKilled(random));
                }
                checkRecords(ChildLog::largeText);
            }
        }
        System.out.printf(Locale.ROOT, "tried %,7d times: kill -9 of a process that opens a log%n", kills);
        try (Wal wal = Wal.open(directory)) {
            assertThat(wal.lastSequence()).isEqualTo(shown);
        }
        checkRecords(ChildLog::largeText);
    }

    /** Starts a process that grows the log, kills it, and returns how long its open took. */
    private long growAndBeKilled(Random random) throws Exception {
        try (Child child = Child.start("grow", directory)) {
            child.lineWith("opening");
            long started = System.nanoTime();
            child.lineWith("open ");
            long nanos = System.nanoTime() - started;
            long lines = ChildLog.GROWN_BYTES / 10_000 + random.nextInt(300);
            String line = "";
            for (long i = 0; i < lines && !line.equals("grown"); i++) {
                line = String.valueOf(child.line());
                note(line);
            }
            child.kill().forEach(this::note);
            return nanos;
        }
    }

    /** Kills a process while it opens the log. Returns false if the log was already open. */
    private boolean killedWhileItOpens(long nanos) throws Exception {
        try (Child child = Child.start("grow", directory)) {
            child.lineWith("opening");
            long end = System.nanoTime() + nanos;
            while (System.nanoTime() - end < 0) {
                Thread.onSpinWait();
            }
            List<String> rest = child.kill();
            rest.forEach(this::note);
            return rest.stream().noneMatch(line -> line.startsWith("open"));
        }
    }

    /** Notes a line. The last line of a killed process may be truncated, which only makes its number smaller. */
    private void note(String line) {
        if (line.startsWith("acked ") && line.length() > 6) {
            acked = Math.max(acked, Long.parseLong(line.substring(6)));
        }
    }

    /** Checks that two reads are equal, without a gap, with all acknowledged records and all that were ever returned. */
    private void checkRecords(LongFunction<String> text) {
        long last = read(text);
        assertThat(read(text)).isEqualTo(last);
        assertThat(last).isGreaterThanOrEqualTo(acked).isGreaterThanOrEqualTo(shown);
        shown = last;
    }

    private long read(LongFunction<String> text) {
        long last = 0;
        try (WalReader reader = WalReader.open(ReadOptions.of(directory))) {
            while (reader.next()) {
                assertThat(reader.sequence()).isEqualTo(++last);
                assertThat(Records.text(reader)).isEqualTo(text.apply(last));
            }
        }
        return last;
    }
}
