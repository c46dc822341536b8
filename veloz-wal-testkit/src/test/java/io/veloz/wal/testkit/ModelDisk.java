package io.veloz.wal.testkit;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The disk of a random history. It records the state of the model at each change, and can return to any change since
 * the log was opened. Confined to one thread.
 */
final class ModelDisk {
    private static final int FILES_ARE_FEW = 1;

    private final DiskRules rules;
    private final List<Moment> moments = new ArrayList<>();
    private FaultyStorage storage;
    private int faultsBefore;
    private boolean ranOut;
    private boolean isOut;
    private boolean blocksPermanently;
    private boolean held;

    /** The state of the model after a number of changes. */
    private record Moment(long changes, Model model) {}

    ModelDisk(DiskRules rules, long seed) {
        this.rules = rules;
        this.storage = new FaultyStorage(seed, rules);
    }

    FaultyStorage storage() {
        return storage;
    }

    // ---- trouble

    /** Returns whether an error is expected. */
    boolean isTroubled() {
        return ranOut || storage.faults() > faultsBefore;
    }

    boolean isHeld() {
        return held;
    }

    /** Returns whether an operation could block until the end of the test. */
    boolean hangs() {
        return held || isOut || blocksPermanently;
    }

    void fails(Operation.Kind kind, Fault fault, int nth, boolean permanent) {
        int[] seen = {0};
        // A log waits for space, and takes seconds before it gives up after ten attempts.
        blocksPermanently = permanent
                && switch (kind) {
                    case READ, WRITE, FORCE -> false;
                    default -> true;
                };
        boolean always = permanent && fault != Fault.NO_ROOM;
        storage.plan(operation -> {
            boolean due = operation.kind() == kind && ++seen[0] >= nth && (always || seen[0] == nth);
            return due ? fault : null;
        });
    }

    void runsOut(Move.RunsOut.What what) {
        switch (what) {
            case ROOM -> storage.capacityBytes(0);
            case FILES -> storage.maxOpenFiles(storage.openFiles() + FILES_ARE_FEW);
            case FORCES -> {
                storage.holdForces();
                held = true;
            }
        }
        isOut |= what != Move.RunsOut.What.FORCES;
        ranOut |= isOut;
    }

    void heal() {
        storage.plan(FaultPlan.NONE);
        storage.capacityBytes(Long.MAX_VALUE);
        storage.maxOpenFiles(Integer.MAX_VALUE);
        storage.releaseForces();
        held = false;
        isOut = false;
        blocksPermanently = false;
    }

    /** Resets the expectation of errors after a successful open. */
    void opened() {
        ranOut = false;
        faultsBefore = storage.faults();
    }

    // ---- time

    /** Records the model for the changes from now on. */
    void remember(Model model) {
        moments.add(new Moment(storage.changes(), model.copy()));
    }

    /** Drops the recorded models: the history never returns to an earlier moment. */
    void forget() {
        moments.clear();
    }

    /** Stops the machine or the process. Its threads get errors from now on. */
    void stop() {
        var unused = storage.killProcess();
    }

    /**
     * Returns to the disk of an earlier change, at which power failed or the process was killed.
     *
     * @return the model at that change, with the records that can exist
     */
    Model goBack(int changesAgo, long dice, boolean power, boolean cacheDropped) {
        int size = storage.journal().size();
        int change = (int) Math.max(moments.get(0).changes(), size - changesAgo);
        Disk disk = storage.journal().replay().before(change);
        storage = new FaultyStorage(dice, rules, power ? disk.afterPowerCut(dice, rules) : disk.copy());
        if (cacheDropped) {
            storage.dropPageCache();
        }
        faultsBefore = 0;
        ranOut = false;
        heal();
        return modelAt(change);
    }

    private Model modelAt(int change) {
        @Nullable Model certain = null;
        for (Moment moment : moments) {
            certain = moment.changes() <= change ? moment.model() : certain;
        }
        return moments.get(moments.size() - 1).model().certainAsIn(java.util.Objects.requireNonNull(certain));
    }

    /** Returns a copy of the disk with one bit flipped. */
    FaultyStorage rotted(String file, long position, int bit) throws java.io.IOException {
        FaultyStorage copy = new FaultyStorage(
                1,
                rules,
                storage.journal().replay().before(storage.journal().size()).copy());
        copy.flipBit(file, position, bit);
        return copy;
    }
}
