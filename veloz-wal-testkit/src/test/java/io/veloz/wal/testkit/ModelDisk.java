package io.veloz.wal.testkit;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The disk under a random history: it knows what was certain at which of its changes, and can go back to any since the log
 * was opened. It belongs to one thread.
 */
final class ModelDisk {
    private static final int FILES_ARE_FEW = 1;

    private final DiskRules rules;
    private final List<Moment> moments = new ArrayList<>();
    private FaultyStorage storage;
    private int faultsBefore;
    private boolean ranOut;
    private boolean isOut;
    private boolean waitsForEver;
    private boolean held;

    /** What was known when the disk had been changed so often. */
    private record Moment(long changes, Model model) {}

    ModelDisk(DiskRules rules, long seed) {
        this.rules = rules;
        this.storage = new FaultyStorage(seed, rules);
    }

    FaultyStorage storage() {
        return storage;
    }

    // ---- trouble

    /** Whether an error is no surprise. */
    boolean isTroubled() {
        return ranOut || storage.faults() > faultsBefore;
    }

    boolean isHeld() {
        return held;
    }

    /** Whether something could have to wait until the end of the test. */
    boolean hangs() {
        return held || isOut || waitsForEver;
    }

    void fails(Operation.Kind kind, Fault fault, int nth, boolean forEver) {
        int[] seen = {0};
        // A log waits for room, and takes seconds before it gives up what it has tried ten times.
        waitsForEver = forEver
                && switch (kind) {
                    case READ, WRITE, FORCE -> false;
                    default -> true;
                };
        boolean always = forEver && fault != Fault.NO_ROOM;
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
        waitsForEver = false;
    }

    /** The log has been opened, so whatever went wrong is over. */
    void opened() {
        ranOut = false;
        faultsBefore = storage.faults();
    }

    // ---- time

    /** From here on it is known what the model knows. */
    void remember(Model model) {
        moments.add(new Moment(storage.changes(), model.copy()));
    }

    /** Nobody goes back behind this moment. */
    void forget() {
        moments.clear();
    }

    /** Ends the machine or the process, whose threads get errors from now on. */
    void stop() {
        var unused = storage.killProcess();
    }

    /**
     * Goes on with the disk as it was so many changes ago, on which power then failed or the process died.
     *
     * @return what was known at that moment, and what may be there
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

    /** The same disk, with a bit of a file turned. */
    FaultyStorage rotted(String file, long position, int bit) throws java.io.IOException {
        FaultyStorage copy = new FaultyStorage(
                1,
                rules,
                storage.journal().replay().before(storage.journal().size()).copy());
        copy.flipBit(file, position, bit);
        return copy;
    }
}
