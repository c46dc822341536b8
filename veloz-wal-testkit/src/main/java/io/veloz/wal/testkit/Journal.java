package io.veloz.wal.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * All changes of a disk in order, from which the disk before each of them can be rebuilt. Guarded by its storage while
 * that is in use, immutable afterwards.
 */
final class Journal {
    private final Disk start;
    private final List<Entry> entries = new ArrayList<>();

    record Entry(String description, Consumer<Disk> change) {}

    Journal(Disk start) {
        this.start = start.copy();
    }

    void add(String description, Consumer<Disk> change) {
        entries.add(new Entry(description, change));
    }

    int size() {
        return entries.size();
    }

    /** Returns the description of a change, or "the end" after the last one. */
    String description(int before) {
        return before < entries.size() ? entries.get(before).description() : "the end";
    }

    /** Iterates over all states of the disk. Confined to one thread. */
    final class Replay {
        private final Disk disk = start.copy();
        private int done;

        /** Returns the disk before a change, for ascending changes. The disk is valid until the next call. */
        Disk before(int change) {
            for (; done < change; done++) {
                entries.get(done).change().accept(disk);
            }
            return disk;
        }
    }

    Replay replay() {
        return new Replay();
    }
}
