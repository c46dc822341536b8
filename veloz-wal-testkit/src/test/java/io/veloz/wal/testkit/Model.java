package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.WalReader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The model of a log as a plain list: the appended records in order, those that must exist, and those that may be
 * missing. Confined to one thread.
 */
final class Model {
    /** A record. Its bytes are derived from its number, which, unlike a sequence, is never reused. */
    record Entry(long number, long sequence, int bytes, long nanos, long groupLast) {
        int type() {
            return 1 + (int) (number * 7_919 % 65_535);
        }

        ByteBuffer payload() {
            byte[] payload = new byte[bytes];
            new Random(number).nextBytes(payload);
            return ByteBuffer.wrap(payload);
        }

        void assertShownBy(WalReader reader) {
            boolean same = reader.sequence() == sequence
                    && reader.type() == type()
                    && reader.timestampNanos() == nanos
                    && reader.groupContinues() == (sequence < groupLast)
                    && reader.payload().equals(payload());
            assertThat(same)
                    .as(
                            "P1 to P3: the log shows %d, type %d, %d bytes; appended was %s",
                            reader.sequence(), reader.type(), reader.payload().remaining(), this)
                    .isTrue();
        }
    }

    /** All appended records that can exist, from sequence 1, including trimmed ones. */
    private final List<Entry> entries = new ArrayList<>();

    private long numbers;

    /** Records up to this sequence were acknowledged or returned, and must exist. */
    private long safe;

    /** The bounds of the first existing record: an interrupted trim is either complete or not. */
    private long firstAtLeast = 1;

    private long firstAtMost = 1;
    private final List<Long> checkpoints = new ArrayList<>();
    private final List<Long> begunCheckpoints = new ArrayList<>();
    private boolean checkpointsCertain = true;

    Model copy() {
        Model copy = new Model();
        copy.entries.addAll(entries);
        copy.numbers = numbers;
        copy.safe = safe;
        copy.firstAtLeast = firstAtLeast;
        copy.firstAtMost = firstAtMost;
        copy.checkpoints.addAll(checkpoints);
        copy.begunCheckpoints.addAll(begunCheckpoints);
        copy.checkpointsCertain = checkpointsCertain;
        return copy;
    }

    /** Returns this model with the certainty of an earlier copy. */
    Model certainAsIn(Model earlier) {
        Model result = copy();
        result.safe = earlier.safe;
        result.firstAtLeast = earlier.firstAtLeast;
        result.checkpointsCertain = checkpointsCertain && earlier.begunCheckpoints.size() == begunCheckpoints.size();
        result.checkpoints.clear();
        result.checkpoints.addAll(earlier.checkpoints);
        return result;
    }

    // ---- records

    long last() {
        return entries.size();
    }

    long safe() {
        return safe;
    }

    /** Returns the first sequence that can be requested. */
    long first() {
        return firstAtMost;
    }

    Entry entry(long sequence) {
        return entries.get((int) sequence - 1);
    }

    /** Adds the records of an atomic group, which can exist from now on. */
    List<Entry> begin(List<Integer> sizes, long nanos) {
        List<Entry> group = new ArrayList<>();
        for (int bytes : sizes) {
            group.add(new Entry(++numbers, last() + group.size() + 1, bytes, nanos, last() + sizes.size()));
        }
        entries.addAll(group);
        return group;
    }

    /** Removes records whose append was rejected. */
    void takeBack(List<Entry> group) {
        entries.removeAll(group);
    }

    void isSafe(long sequence) {
        assertThat(sequence).as("A: acknowledged").isLessThanOrEqualTo(last());
        safe = Math.max(safe, sequence);
    }

    /** Applies the range of records found at an open. From now on exactly these records must exist. */
    void opened(long first, long last) {
        assertThat(last).as("A, R7, R8: the last record").isBetween(safe, last());
        assertThat(first).as("S8: the first record").isBetween(firstAtLeast, firstAtMost);
        assertThat(last == 0 || entry(last).groupLast() == last)
                .as("P5: the group of the last record, %d", last)
                .isTrue();
        entries.subList((int) last, entries.size()).clear();
        safe = last;
        firstAtLeast = first;
        firstAtMost = first;
    }

    /**
     * Returns the first record from a sequence on with this time or a later one; the sequence after the last record if
     * there is none.
     */
    long firstSince(long from, long nanos) {
        long sequence = from;
        while (sequence <= last() && entry(sequence).nanos() < nanos) {
            sequence++;
        }
        return sequence;
    }

    // ---- checkpoints

    static byte[] content(long checkpoint) {
        byte[] content = new byte[300];
        new Random(checkpoint).nextBytes(content);
        return content;
    }

    void beginCheckpoint(long sequence) {
        begunCheckpoints.add(sequence);
    }

    /** Applies the rejection of a checkpoint that is older than an existing one. Nothing was written. */
    void refusedCheckpoint(long sequence) {
        begunCheckpoints.remove(begunCheckpoints.size() - 1);
        long newest = newest(checkpointsCertain ? checkpoints : begunCheckpoints);
        assertThat(sequence).as("a checkpoint was refused").isLessThan(newest);
    }

    void endCheckpoint(long sequence) {
        assertThat(sequence).as("a checkpoint was written").isGreaterThanOrEqualTo(newest(checkpoints));
        if (checkpoints.size() == 2) {
            checkpoints.remove(Math.min(checkpoints.get(0), checkpoints.get(1)));
        }
        checkpoints.add(sequence);
    }

    /** Applies a failed checkpoint, which can exist or not. */
    void failCheckpoint() {
        checkpointsCertain = false;
    }

    /** Asserts the newest checkpoint; 0 if there is none. */
    void assertNewestCheckpoint(long sequence) {
        long newest = newest(checkpoints);
        if (checkpointsCertain) {
            assertThat(sequence).as("the newest checkpoint").isEqualTo(newest);
        } else {
            assertThat(sequence).as("the newest checkpoint").isGreaterThanOrEqualTo(newest);
            assertThat(sequence == 0 || begunCheckpoints.contains(sequence))
                    .as("checkpoint %d was written", sequence)
                    .isTrue();
        }
    }

    private static long newest(List<Long> sequences) {
        return sequences.stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /** Returns the highest sequence that both checkpoints can cover. */
    private long covered() {
        List<Long> two = checkpointsCertain ? checkpoints : begunCheckpoints;
        return two.stream()
                .sorted((a, b) -> Long.compare(b, a))
                .skip(1)
                .findFirst()
                .orElse(0L);
    }

    // ---- trims

    void beginTrim(long guard) {
        firstAtMost = Math.max(firstAtMost, Math.min(guard, covered()) + 1);
    }

    void endTrim(long first) {
        assertThat(first).as("S8: the first record after a trim").isBetween(firstAtLeast, firstAtMost);
        firstAtLeast = first;
        firstAtMost = first;
    }
}
