package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads all listed slots in parallel, and keeps a summary of each. A slot that is missing from the list is read when it is
 * needed. It belongs to one thread, and {@link #readAll} starts reader threads.
 */
final class SlotIndex {
    /** Limit of the slots that are read at the same time. */
    private static final int BUDGET_BYTES = 8 * 1024 * 1024;

    private static final int FULL_PAGE = 1000;
    private static final long FIRST_STRIDE = 1024;
    private static final int PRUNE_AT = 50_000;

    /** Number of further listings if the store lists deleted slots. After that the archive is rejected. */
    private static final int LISTS = 3;

    private final ShipLog log;
    private final LogIdentity identity;
    private final Retries retries;
    private final int parallelism;
    private final LongConsumer progress;
    private final Semaphore budget = new Semaphore(BUDGET_BYTES);
    private final List<SlotSummary> slots = new ArrayList<>();
    private final Map<Long, SlotSummary> unlisted = new HashMap<>();
    private final Map<Long, Exception> bad = new HashMap<>();
    private long highestSegment;
    private long pruneAt = PRUNE_AT;
    private long highestListed;
    private long highest;
    private long read;
    private @Nullable Slot highestSlot;
    /** An error too: a slot that was not read must not pass for one that is missing. */
    private @Nullable Throwable failure;

    SlotIndex(ShipLog log, LogIdentity identity, Retries retries, int parallelism, LongConsumer progress) {
        this.log = log;
        this.identity = identity;
        this.retries = retries;
        this.parallelism = parallelism;
        this.progress = progress;
    }

    /**
     * Finds the last slot with a number of lists that grows with the logarithm of its number: doubles the stride, then
     * bisects. Then probes the slots after it.
     *
     * @return 0 if there is none
     */
    long findLast() throws IOException {
        long low = 0;
        long high = Long.MAX_VALUE;
        long stride = 0;
        while (true) {
            long middle = high - low <= FULL_PAGE ? low : low + (high - low) / 2;
            long after = high == Long.MAX_VALUE ? low + stride : middle;
            List<Long> page = retries.call(() -> log.page(after));
            if (!page.isEmpty()) {
                low = page.get(page.size() - 1);
                stride = page.size() < FULL_PAGE ? 0 : Math.max(FIRST_STRIDE, 2 * stride);
            } else if (after > low) {
                high = after;
                stride = 0;
            } else {
                break;
            }
        }
        while (find(low + 1) != null) {
            low++;
        }
        return low;
    }

    /**
     * Reads slots in parallel, those that the store lists: after a long silence nearly all numbers are of BEATs that were
     * deleted. A slot that a stale list does not contain is read when it is needed.
     */
    void readRange(long first, long last) throws IOException {
        List<Long> numbers = new ArrayList<>();
        long after = first - 1;
        while (after < last) {
            long from = after;
            List<Long> page = retries.call(() -> log.page(from));
            for (long number : page) {
                if (number <= last && indexOf(number) < 0 && !unlisted.containsKey(number)) {
                    numbers.add(number);
                }
            }
            after = page.isEmpty() ? last : page.get(page.size() - 1);
        }
        new Lanes(parallelism, "veloz-wal-proof").forEach(numbers, this::checked, slot -> {
            if (slot.isPresent()) {
                unlisted.put(slot.get().slot().number(), new SlotSummary(slot.get(), identity));
                read++;
            }
        });
    }

    private Optional<SlotCodec.Decoded> checked(long number) throws IOException {
        return retries.call(() -> log.check(number));
    }

    /** Reads all listed slots, and the slots after them. */
    void readAll() throws IOException {
        readListed("");
        findTip();
        // A slot after the tip was listed and is missing: a tail that was dropped meanwhile, so the slot of its segment
        // follows. A later listing contains it.
        for (int i = 0; i < LISTS && highest < highestListed; i++) {
            readListed(ArchiveKeys.slot(highest));
            findTip();
        }
        highest = Math.max(highest, highestListed);
    }

    /** Probes the slots after the last one. The listing is only a hint: the tip is the slot before a missing number. */
    private void findTip() throws IOException {
        while (find(highest + 1) != null || bad.containsKey(highest + 1)) {
            highest++;
        }
    }

    private void readListed(String after) throws IOException {
        ExecutorService readers = Workers.start(parallelism, "veloz-wal-proof");
        try {
            list(readers, after);
            budget.acquireUninterruptibly(BUDGET_BYTES);
            budget.release(BUDGET_BYTES);
        } finally {
            readers.shutdown();
        }
        throwFailure();
        slots.sort(Comparator.comparingLong(slot -> slot.number));
    }

    private void list(ExecutorService readers, String start) throws IOException {
        String after = start;
        while (failure() == null) {
            String from = after;
            List<StoredObject> page = retries.call(() -> log.store().list(ArchiveKeys.SLOTS, from));
            for (StoredObject object : page) {
                after = object.key().compareTo(after) > 0 ? object.key() : after;
                long number = ArchiveKeys.slotNumber(object.key());
                if (number > 0) {
                    highestListed = Math.max(highestListed, number);
                    read(readers, number, object.bytes());
                }
            }
            if (after.equals(from)) {
                return;
            }
        }
    }

    private void read(ExecutorService readers, long number, long bytes) {
        int weight = (int) Math.min(BUDGET_BYTES, 4096 + 2 * bytes);
        budget.acquireUninterruptibly(weight);
        readers.execute(() -> {
            try {
                readOne(number);
            } finally {
                budget.release(weight);
            }
        });
    }

    private synchronized @Nullable Throwable failure() {
        return failure;
    }

    private void throwFailure() throws IOException {
        @Nullable Throwable t = failure();
        if (t instanceof IOException io) {
            throw io;
        } else if (t instanceof RuntimeException runtime) {
            throw runtime;
        } else if (t instanceof Error error) {
            throw error;
        }
    }

    private void readOne(long number) {
        if (failure() != null) {
            return;
        }
        try {
            // Listed and missing: dropped meanwhile. If it is needed, find reads it again.
            retries.call(() -> log.check(number)).ifPresent(this::add);
        } catch (BadObjectException | UnknownArchiveFormatException e) {
            addBad(number, e);
        } catch (Throwable t) {
            synchronized (this) {
                failure = failure == null ? t : failure;
            }
        }
    }

    private synchronized void addBad(long number, Exception e) {
        bad.put(number, e);
        highest = Math.max(highest, number);
    }

    private synchronized void add(SlotCodec.Decoded decoded) {
        SlotSummary slot = new SlotSummary(decoded, identity);
        if (slot.number > highest) {
            highest = slot.number;
            highestSlot = decoded.slot();
        }
        progress.accept(++read);
        if (slot.part instanceof Segment segment) {
            highestSegment = Math.max(highestSegment, segment.number());
        }
        slots.add(slot);
        if (slots.size() > pruneAt) {
            slots.removeIf(this::isCovered);
            pruneAt = Math.max(PRUNE_AT, 2L * slots.size());
        }
    }

    /** Returns whether a known segment contains its bytes. If a removed slot is needed, find reads it again. */
    private boolean isCovered(SlotSummary slot) {
        return slot.part instanceof Tail tail && tail.segment() <= highestSegment;
    }

    /** Returns the highest slot number: valid, damaged, or listed and missing. Returns 0 if there is none. */
    long highest() {
        return highest;
    }

    long read() {
        return read;
    }

    /** Returns the summaries, sorted by slot number. */
    List<SlotSummary> slots() {
        return slots;
    }

    /** Returns a slot; null if it is missing or damaged. */
    @Nullable
    SlotSummary find(long number) throws IOException {
        int at = indexOf(number);
        if (at >= 0) {
            return slots.get(at);
        }
        if (unlisted.containsKey(number) || bad.containsKey(number)) {
            return unlisted.get(number);
        }
        try {
            Optional<SlotCodec.Decoded> decoded = retries.call(() -> log.check(number));
            if (decoded.isPresent()) {
                unlisted.put(number, new SlotSummary(decoded.get(), identity));
                read++;
            }
        } catch (BadObjectException | UnknownArchiveFormatException e) {
            bad.put(number, e);
        }
        return unlisted.get(number);
    }

    private int indexOf(long number) {
        int low = 0;
        int high = slots.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long found = slots.get(middle).number;
            if (found == number) {
                return middle;
            } else if (found < number) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    /** Returns why a slot is invalid; null if it is missing. */
    @Nullable
    Exception damage(long number) {
        return bad.get(number);
    }

    /** Reads a complete slot. */
    Slot slot(long number) throws IOException {
        if (highestSlot != null && highestSlot.number() == number) {
            return highestSlot;
        }
        return retries.call(() -> log.check(number))
                .orElseThrow(() -> new IOException("slot " + number + " disappeared while the archive was read"))
                .slot();
    }
}
