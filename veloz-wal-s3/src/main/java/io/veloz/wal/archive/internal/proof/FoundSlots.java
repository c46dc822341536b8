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
 * Reads all slots that a store lists, many at a time, and remembers a little of each. A slot that the list did not show is
 * asked for when it is needed. Used by one thread; the readers of {@link #readAll} are its own.
 */
final class FoundSlots {
    /** Of slots that are in memory at the same time. */
    private static final int BUDGET_BYTES = 8 * 1024 * 1024;

    private static final int PRUNE_AT = 50_000;

    /** Of a store that shows what is gone; then it is refused. */
    private static final int LISTS = 3;

    private final ShipLog log;
    private final LogIdentity identity;
    private final Retries retries;
    private final int parallelism;
    private final LongConsumer progress;
    private final Semaphore budget = new Semaphore(BUDGET_BYTES);
    private final List<Entry> entries = new ArrayList<>();
    private final Map<Long, Entry> asked = new HashMap<>();
    private final Map<Long, Exception> bad = new HashMap<>();
    private long highestSegment;
    private long pruneAt = PRUNE_AT;
    private long highestListed;
    private long highest;
    private long read;
    private @Nullable Slot highestSlot;
    private @Nullable Exception failure;

    FoundSlots(ShipLog log, LogIdentity identity, Retries retries, int parallelism, LongConsumer progress) {
        this.log = log;
        this.identity = identity;
        this.retries = retries;
        this.parallelism = parallelism;
        this.progress = progress;
    }

    /** Reads everything that is listed, and what follows it. */
    void readAll() throws IOException {
        readListed("");
        findTip();
        // Listed and gone behind the tip: a tail that was dropped since, so a segment's slot follows. A later list
        // shows it.
        for (int i = 0; i < LISTS && highest < highestListed; i++) {
            readListed(ArchiveKeys.slot(highest));
            findTip();
        }
        highest = Math.max(highest, highestListed);
    }

    /** The list is a hint: the tip is where a number is absent. */
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
        entries.sort(Comparator.comparingLong(entry -> entry.number));
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

    private synchronized @Nullable Exception failure() {
        return failure;
    }

    private void throwFailure() throws IOException {
        @Nullable Exception e = failure();
        if (e instanceof IOException io) {
            throw io;
        } else if (e instanceof RuntimeException runtime) {
            throw runtime;
        }
    }

    private void readOne(long number) {
        if (failure() != null) {
            return;
        }
        try {
            // Listed and gone: dropped meanwhile. If it is needed, it is asked for again.
            retries.call(() -> log.check(number)).ifPresent(this::add);
        } catch (BadObjectException | UnknownArchiveFormatException e) {
            addBad(number, e);
        } catch (IOException | RuntimeException e) {
            synchronized (this) {
                failure = failure == null ? e : failure;
            }
        }
    }

    private synchronized void addBad(long number, Exception e) {
        bad.put(number, e);
        highest = Math.max(highest, number);
    }

    private synchronized void add(SlotCodec.Decoded decoded) {
        Entry entry = new Entry(decoded, identity);
        if (entry.number > highest) {
            highest = entry.number;
            highestSlot = decoded.slot();
        }
        progress.accept(++read);
        if (entry.part instanceof Segment segment) {
            highestSegment = Math.max(highestSegment, segment.number());
        }
        entries.add(entry);
        if (entries.size() > pruneAt) {
            entries.removeIf(this::isCovered);
            pruneAt = Math.max(PRUNE_AT, 2L * entries.size());
        }
    }

    /** Whether its bytes are in a segment that was seen. Forgotten by mistake, it would be asked for again. */
    private boolean isCovered(Entry entry) {
        return entry.part instanceof Tail tail && tail.segment() <= highestSegment;
    }

    /** The highest number that there is, whole or not, or listed and gone; 0 if there is none. */
    long highest() {
        return highest;
    }

    long read() {
        return read;
    }

    /** Sorted by their numbers. */
    List<Entry> entries() {
        return entries;
    }

    /** Null if there is none, or it is not whole. */
    @Nullable
    Entry find(long number) throws IOException {
        int at = indexOf(number);
        if (at >= 0) {
            return entries.get(at);
        }
        if (asked.containsKey(number) || bad.containsKey(number)) {
            return asked.get(number);
        }
        try {
            Optional<SlotCodec.Decoded> decoded = retries.call(() -> log.check(number));
            if (decoded.isPresent()) {
                asked.put(number, new Entry(decoded.get(), identity));
                read++;
            }
        } catch (BadObjectException | UnknownArchiveFormatException e) {
            bad.put(number, e);
        }
        return asked.get(number);
    }

    private int indexOf(long number) {
        int low = 0;
        int high = entries.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long there = entries.get(middle).number;
            if (there == number) {
                return middle;
            } else if (there < number) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    /** Why a slot is not whole; null if it is not there. */
    @Nullable
    Exception badness(long number) {
        return bad.get(number);
    }

    /** A slot in full. */
    Slot slot(long number) throws IOException {
        if (highestSlot != null && highestSlot.number() == number) {
            return highestSlot;
        }
        return retries.call(() -> log.check(number))
                .orElseThrow(() -> new IOException("slot " + number + " was there, and is gone"))
                .slot();
    }
}
