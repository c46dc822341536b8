package io.veloz.wal.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * All changes of a disk in order, so that the disk before each of them can be had again. Guarded by its storage while that
 * is in use, afterwards immutable.
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

    /** What would have been done next; the end if there is nothing. */
    String description(int before) {
        return before < entries.size() ? entries.get(before).description() : "the end";
    }

    /** Steps through all states. It belongs to one thread. */
    final class Replay {
        private final Disk disk = start.copy();
        private int done;

        /** The disk before a change; to be asked for in ascending order, and not to be kept. */
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
