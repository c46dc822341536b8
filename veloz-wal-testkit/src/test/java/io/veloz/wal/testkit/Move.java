package io.veloz.wal.testkit;

import io.veloz.wal.Durability;
import java.util.List;

/** One thing that happens to a log in a random history. What it prints is what a failing history is read as. */
sealed interface Move {
    void on(ModelRun run) throws Exception;

    /** How records are appended, and what is waited for. */
    enum How {
        DEFAULT,
        LOSE_NOTHING,
        LOSE_LAST_INTERVAL,
        LOSE_UNFORCED,
        /** Returns when it is on disk. */
        DURABLE,
        /** Tells by a future. */
        ASYNC;

        Durability durability() {
            return Durability.valueOf(name());
        }
    }

    /** One record, or several as an atomic group. */
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

    /** With a guard that holds back the last records. */
    record Trim(int guardBack, int keepSegments) implements Move {
        @Override
        public void on(ModelRun run) {
            run.trim(guardBack, keepSegments);
        }
    }

    /** A part of the log, by the writer's own reader or by one beside it. */
    record Read(boolean beside, int from, int count, boolean salvage) implements Move {
        @Override
        public void on(ModelRun run) {
            run.read(beside, from, count, salvage);
        }
    }

    /** The records from the time of one of them on. */
    record ReadSince(int back) implements Move {
        @Override
        public void on(ModelRun run) {
            run.readSince(back);
        }
    }

    /** A reader that was opened some time ago goes on as far as it can. */
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

    /** An orderly end, then one bit of one file turns on a copy of the disk. */
    record Rot(int file, int position, int bit) implements Move {
        @Override
        public void on(ModelRun run) throws Exception {
            run.rot(file, position, bit);
        }
    }

    /** At a moment so many changes of the disk ago. */
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

    /** One of the next operations of a kind fails, or all from there on. */
    record Fails(Operation.Kind kind, Fault fault, int nth, boolean forEver) implements Move {
        @Override
        public void on(ModelRun run) {
            run.fails(kind, fault, nth, forEver);
        }
    }

    /** No room, no more files, or forces that take their time, until something has to wait for it. */
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

    /** Whatever goes wrong, goes wrong no longer. */
    record Heals() implements Move {
        @Override
        public void on(ModelRun run) {
            run.heal();
        }
    }
}
