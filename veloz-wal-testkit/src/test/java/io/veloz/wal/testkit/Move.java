package io.veloz.wal.testkit;

import io.veloz.wal.Durability;
import java.util.List;

/** One step of a random history. Its text is printed for a failing history. */
sealed interface Move {
    void on(ModelRun run) throws Exception;

    /** The durability of an append, and whether the caller waits. */
    enum How {
        DEFAULT,
        LOSE_NOTHING,
        LOSE_LAST_INTERVAL,
        LOSE_UNFORCED,
        /** Waits until the record is durable. */
        DURABLE,
        /** Returns a future. */
        ASYNC;

        Durability durability() {
            return Durability.valueOf(name());
        }
    }

    /** Appends one record, or several as an atomic group. */
    record Append(How how, List<Integer> sizes) implements Move {
        @Override
        public void on(ModelRun run) {
            run.append(how, sizes);
        }
    }

    record AwaitDurable(int back) implements Move {
        @Override
        public void on(ModelRun run) {
            run.awaitDurable(back);
        }
    }

    record Sync() implements Move {
        @Override
        public void on(ModelRun run) {
            run.sync();
        }
    }

    record Roll() implements Move {
        @Override
        public void on(ModelRun run) {
            run.roll();
        }
    }

    record Checkpoint(int back) implements Move {
        @Override
        public void on(ModelRun run) {
            run.checkpoint(back);
        }
    }

    /** Trims with a guard that keeps the last records. */
    record Trim(int guardBack, int keepSegments) implements Move {
        @Override
        public void on(ModelRun run) {
            run.trim(guardBack, keepSegments);
        }
    }

    /** Reads a range of the log, with the writer's reader or with a concurrent one. */
    record Read(boolean concurrent, int from, int count, boolean salvage) implements Move {
        @Override
        public void on(ModelRun run) {
            run.read(concurrent, from, count, salvage);
        }
    }

    /** Reads the records from the time of one of them on. */
    record ReadSince(int back) implements Move {
        @Override
        public void on(ModelRun run) {
            run.readSince(back);
        }
    }

    /** Continues a reader that was opened earlier, up to the end. */
    record Follow() implements Move {
        @Override
        public void on(ModelRun run) {
            run.follow();
        }
    }

    record ClockJumps(int nanos) implements Move {
        @Override
        public void on(ModelRun run) {
            run.clockJumps(nanos);
        }
    }

    record CloseAndOpen() implements Move {
        @Override
        public void on(ModelRun run) throws Exception {
            run.closeAndOpen();
        }
    }

    /** Closes the log, and flips one bit of one file on a copy of the disk. */
    record Rot(int file, int position, int bit) implements Move {
        @Override
        public void on(ModelRun run) throws Exception {
            run.rot(file, position, bit);
        }
    }

    /** Cuts power at an earlier change of the disk. */
    record PowerCut(int changesAgo, int dice) implements Move {
        @Override
        public void on(ModelRun run) throws Exception {
            run.end(changesAgo, dice, true, false);
        }
    }

    record ProcessDies(int changesAgo, int dice, boolean cacheDropped) implements Move {
        @Override
        public void on(ModelRun run) throws Exception {
            run.end(changesAgo, dice, false, cacheDropped);
        }
    }

    /** Fails one of the next operations of a kind, or all from that one on. */
    record Fails(Operation.Kind kind, Fault fault, int nth, boolean permanent) implements Move {
        @Override
        public void on(ModelRun run) {
            run.fails(kind, fault, nth, permanent);
        }
    }

    /** Exhausts space or file descriptors, or blocks forces, until an operation has to wait for it. */
    record RunsOut(What what) implements Move {
        enum What {
            ROOM,
            FILES,
            FORCES
        }

        @Override
        public void on(ModelRun run) {
            run.runsOut(what);
        }
    }

    /** Ends all faults. */
    record Heals() implements Move {
        @Override
        public void on(ModelRun run) {
            run.heal();
        }
    }
}
