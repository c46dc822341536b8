package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.TrimGuard;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalDiskFullException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalFailedException;
import io.veloz.wal.WalReader;
import io.veloz.wal.testkit.Move.How;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Runs a random history on a log and on its model, which must always agree. Confined to one thread. */
final class ModelRun {
    private final ModelDisk disk;
    private final AtomicLong clock = new AtomicLong(1_700_000_000_000_000_000L);
    private final ModelAppends appends = new ModelAppends(this);
    private Model model = new Model();
    private volatile @Nullable Wal open;
    private @Nullable WalReader follower;
    private long followed;
    private long guard;
    private boolean dead;

    ModelRun(DiskRules rules, long seed) {
        this.disk = new ModelDisk(rules, seed);
    }

    void perform(List<Move> moves) throws Exception {
        try {
            open();
            for (Move move : moves) {
                perform(move);
            }
            closeAndOpen();
            end(0, 1, true, false);
        } finally {
            disk.heal();
            abandon();
        }
    }

    private void perform(Move move) throws Exception {
        Watchdog.watch(move, () -> endQuietly(open), () -> {
            move.on(this);
            note();
        });
    }

    private WalConfig.Builder config() {
        // Short timeouts: the result matters here, and not the time it takes.
        return LogWorkload.config(disk.storage())
                .bufferFullTimeout(Duration.ofMillis(100))
                .wallClockNanos(clock::get);
    }

    Model model() {
        return model;
    }

    ModelDisk disk() {
        return disk;
    }

    /** Returns the time of the next record. */
    long tick() {
        return clock.incrementAndGet();
    }

    /** Returns whether the log has failed. */
    boolean isDead() {
        return dead;
    }

    Wal wal() {
        return java.util.Objects.requireNonNull(open);
    }

    // ---- acknowledgements

    /** Marks the records that were acknowledged by now, which must exist from now on. */
    private void note() {
        if (open != null) {
            long durable = open.durableSequence();
            model.isSafe(Math.min(durable, model.last()));
            assertThat(durable).as("the last durable record").isLessThanOrEqualTo(model.last());
        }
        appends.note();
        disk.remember(model);
    }

    interface Task {
        void run() throws IOException;
    }

    /** Runs a task that can end with an error if a fault occurred. Returns whether it succeeded. */
    boolean attempt(Task task) {
        try {
            task.run();
            return true;
        } catch (WalCorruptException e) {
            throw new AssertionError("nothing is damaged: " + e.getMessage(), e);
        } catch (WalException | UncheckedIOException | IOException e) {
            if (!disk.isTroubled()) {
                throw new AssertionError("an error on a good disk: " + e, e);
            }
            dead |= e instanceof WalFailedException;
            return false;
        }
    }

    private void releaseWhatHangs() {
        if (disk.hangs()) {
            disk.heal();
        }
    }

    // ---- append

    void append(How how, List<Integer> sizes) {
        appends.append(how, sizes);
    }

    void awaitDurable(int back) {
        releaseWhatHangs();
        long sequence = Math.max(0, model.last() - back);
        attempt(() -> {
            // With a timeout: no force is requested for records that may be lost.
            if (wal().awaitDurable(sequence, Duration.ofMillis(1))) {
                model.isSafe(sequence);
            }
        });
    }

    void sync() {
        releaseWhatHangs();
        if (attempt(() -> wal().sync())) {
            model.isSafe(model.last());
        }
    }

    void roll() {
        releaseWhatHangs();
        if (attempt(() -> wal().roll())) {
            model.isSafe(model.last());
        }
    }

    void clockJumps(int nanos) {
        clock.addAndGet(nanos);
    }

    // ---- checkpoints and trims

    void checkpoint(int back) {
        if (disk.isHeld()) {
            disk.heal();
        }
        long sequence = Math.max(0, wal().durableSequence() - back);
        model.beginCheckpoint(sequence);
        boolean written;
        try {
            written = attempt(() -> writeCheckpoint(sequence));
        } catch (IllegalArgumentException e) {
            model.refusedCheckpoint(sequence);
            return;
        }
        if (written) {
            model.endCheckpoint(sequence);
        } else {
            model.failCheckpoint();
        }
    }

    private void writeCheckpoint(long sequence) {
        try {
            wal().writeCheckpoint(sequence, out -> out.write(Model.content(sequence)));
        } catch (WalDiskFullException e) {
            assertThat(disk.isTroubled())
                    .as("the disk is full: %s", e.getMessage())
                    .isTrue();
            throw e;
        }
    }

    void trim(int guardBack, int keepSegments) {
        releaseWhatHangs();
        follow();
        guard = Math.max(0, model.last() - guardBack);
        model.beginTrim(guard);
        attempt(() -> model.endTrim(wal().trim(keepSegments).firstSequence()));
    }

    private final class Guard implements TrimGuard {
        @Override
        public String name() {
            return "the guard of the model";
        }

        @Override
        public long releasedThrough() {
            return guard;
        }
    }

    // ---- read

    void read(boolean concurrent, int from, int count, boolean salvage) {
        long first = Math.min(model.first() + from, Math.max(model.first(), model.safe()));
        ReadOptions options = ReadOptions.of(disk.storage()).fromSequence(first).untilSequence(first + count);
        ReadOptions wanted = salvage ? options.salvage() : options;
        long durable = wal().durableSequence();
        attempt(() -> {
            try (WalReader reader = concurrent ? WalReader.open(wanted) : wal().reader(wanted)) {
                long next = show(reader, first);
                assertThat(reader.lost()).as("losses reported by a reader").isEmpty();
                if (!concurrent) {
                    assertThat(next).as("durable records are returned").isGreaterThan(Math.min(durable, first + count));
                }
            }
        });
    }

    void readSince(int back) {
        long nanos =
                model.last() - back < 1 ? 0 : model.entry(model.last() - back).nanos();
        attempt(() -> {
            try (WalReader reader = wal().reader(ReadOptions.of(disk.storage()).fromTime(nanos))) {
                show(reader, model.firstSince(model.first(), nanos));
            }
        });
    }

    void follow() {
        boolean done = attempt(() -> {
            if (follower == null) {
                follower = wal().reader();
                followed = model.first() - 1;
            }
            followed = show(follower, followed + 1) - 1;
        });
        if (!done) {
            unfollow();
        }
    }

    private void unfollow() {
        WalReader old = follower;
        follower = null;
        if (old != null) {
            attempt(old::close);
        }
    }

    /**
     * Reads all records from a sequence on. Returned records must exist from now on. Returns the sequence after the
     * last one.
     */
    private long show(WalReader reader, long first) {
        long next = first;
        while (reader.next()) {
            assertThat(next).as("P2: a record after the last").isLessThanOrEqualTo(model.last());
            model.entry(next).assertShownBy(reader);
            model.isSafe(next);
            next++;
        }
        return next;
    }

    // ---- close and reopen

    void fails(Operation.Kind kind, Fault fault, int nth, boolean permanent) {
        disk.fails(kind, fault, nth, permanent);
    }

    void runsOut(Move.RunsOut.What what) {
        appends.forcesMayBeHeld();
        disk.runsOut(what);
    }

    void heal() {
        disk.heal();
    }

    void closeAndOpen() throws IOException {
        releaseWhatHangs();
        close();
        open();
    }

    /** Closes the log, and returns whether that succeeded. */
    private boolean close() {
        unfollow();
        boolean whole = attempt(() -> wal().close());
        if (whole) {
            // A10.
            model.isSafe(model.last());
        }
        appends.assertAllAreDone();
        note();
        appends.forget();
        open = null;
        assertThat(disk.storage().openNames()).as("E10: files left open").isEmpty();
        return whole;
    }

    void end(int changesAgo, long dice, boolean power, boolean cacheDropped) throws IOException {
        note();
        disk.stop();
        abandon();
        model = disk.goBack(changesAgo, dice, power, cacheDropped);
        disk.forget();
        open();
    }

    /** Closes the log of a stopped machine, and ignores its errors. */
    private void abandon() {
        endQuietly(follower);
        endQuietly(open);
        follower = null;
        open = null;
        appends.forget();
    }

    private static void endQuietly(@Nullable AutoCloseable something) {
        try {
            if (something != null) {
                something.close();
            }
        } catch (WalFailedException | UncheckedIOException e) {
            // Expected: the disk of the log has stopped.
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private void open() throws IOException {
        disk.forget();
        disk.remember(model);
        dead = false;
        boolean opened = attempt(() -> open = Wal.open(config().build()));
        assertThat(opened ? List.of() : disk.storage().openNames())
                .as("E10: files left open by an open that failed")
                .isEmpty();
        disk.heal();
        if (disk.isTroubled()) {
            // After a fault during recovery or in a concurrent task, the next open must succeed.
            abandon();
            assertThat(disk.storage().openNames()).as("E10: files left open").isEmpty();
            disk.opened();
            attempt(() -> open = Wal.open(config().build()));
        }
        disk.opened();
        dead = false;
        wal().addTrimGuard(new Guard());
        check();
        note();
    }

    private void check() throws IOException {
        long last = wal().lastSequence();
        long first;
        try (WalReader reader = wal().reader()) {
            boolean any = reader.next();
            first = any ? reader.sequence() : last + 1;
        }
        model.opened(first, last);
        try (WalReader reader = wal().reader()) {
            assertThat(show(reader, first))
                    .as("P1: the sequence after the last record")
                    .isEqualTo(last + 1);
        }
        assertThat(wal().recovery().lastSequence()).isEqualTo(last);
        assertThat(wal().recovery().lost()).isEmpty();
        checkCheckpoint();
    }

    private void checkCheckpoint() throws IOException {
        Optional<WalCheckpoint> newest = wal().newestCheckpoint();
        model.assertNewestCheckpoint(newest.map(WalCheckpoint::sequence).orElse(0L));
        if (newest.isPresent()) {
            try (InputStream content = newest.get().open()) {
                assertThat(content.readAllBytes())
                        .isEqualTo(Model.content(newest.get().sequence()));
            }
        }
    }

    // ---- bit rot

    /** R3. After a close, a later batch promises every record. */
    void rot(int file, int position, int bit) throws IOException {
        releaseWhatHangs();
        disk.heal();
        boolean closed = close();
        List<String> names = disk.storage().list();
        String name = names.get(file % names.size());
        int size = disk.storage().bytes(name).length;
        if (closed && size > 0) {
            // Most of a file is zeros after the data.
            int at = position % Math.min(size, 1 + Math.max(4_096 + 200, position));
            RottedLog.check(model, disk.rotted(name, at, bit), name + " at " + at);
        }
        open();
    }
}
