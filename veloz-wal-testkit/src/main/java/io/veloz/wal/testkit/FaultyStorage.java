package io.veloz.wal.testkit;

import io.veloz.wal.WalLockedException;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageFullException;
import io.veloz.wal.storage.StorageLock;
import io.veloz.wal.testkit.Operation.Kind;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An in-memory disk that fails like real disks, as configured by {@link DiskRules} and a {@link FaultPlan}, and
 * deterministically for a seed. Thread-safe; an open file is confined to one thread at a time, as in any storage.
 *
 * <p>A write is volatile until a later force of the file, and a name until a later force of the directory. Both are
 * readable before, as from a page cache. {@link #cutPower} stops the machine, {@link #killProcess} only the process.
 * Both make this object unusable for threads that still run, and return the storage for the next start.
 */
public final class FaultyStorage implements Storage {
    private final Disk disk;
    private final Journal journal;
    private final DiskRules rules;
    private final long seed;
    private final Set<String> locks = new HashSet<>();
    private FaultPlan plan = FaultPlan.NONE;
    private long capacityBytes = Long.MAX_VALUE;
    private int maxOpenFiles = Integer.MAX_VALUE;
    private long operations;
    private final List<String> faults = new ArrayList<>();
    private int changesBeforeFault;
    private final List<String> openedAs = new ArrayList<>();
    private boolean frozen;
    private boolean forcesHeld;
    private int heldForces;
    private int releases;

    /** Creates an empty disk. */
    public FaultyStorage(long seed, DiskRules rules) {
        this(seed, rules, new Disk());
    }

    FaultyStorage(long seed, DiskRules rules, Disk disk) {
        this.seed = seed;
        this.rules = rules;
        this.disk = disk;
        this.journal = new Journal(disk);
    }

    // ---- faults

    /** Sets the faults from now on. Operations are numbered from the first one after this object was created. */
    public synchronized void plan(FaultPlan value) {
        plan = value;
    }

    /** Sets the capacity of the disk from now on. */
    public synchronized void capacityBytes(long value) {
        capacityBytes = value;
    }

    /** Sets the maximum number of open files from now on. Listing or forcing the directory takes one temporarily. */
    public synchronized void maxOpenFiles(int value) {
        maxOpenFiles = value;
    }

    /** Drops clean pages from the page cache, so that they are read from the disk again. */
    public synchronized void dropPageCache() {
        change("drop the page cache", Disk::dropPageCache);
    }

    /** Blocks every force of a file or of the directory until {@link #releaseForces}. */
    public synchronized void holdForces() {
        forcesHeld = true;
    }

    /** Releases all blocked forces, and stops blocking later ones. */
    public synchronized void releaseForces() {
        forcesHeld = false;
        releaseHeldForces();
    }

    /** Releases the forces that are blocked now. Later ones block again. */
    public synchronized void releaseHeldForces() {
        releases++;
        heldForces = 0;
        notifyAll();
    }

    /** Waits until at least one force is blocked. */
    public synchronized void awaitHeldForce() throws InterruptedException {
        while (heldForces == 0) {
            wait();
        }
    }

    /** Flips one bit of a file, on disk and in the page cache. */
    public synchronized void flipBit(String name, long position, int bit) throws IOException {
        int file = found(name);
        change("bit rot in " + name, target -> target.file(file).flipBit(position, bit));
    }

    /** Returns the readable bytes of a file. */
    public synchronized byte[] bytes(String name) throws IOException {
        return disk.file(found(name)).cached().clone();
    }

    /** Returns whether any name is not durable yet. */
    synchronized boolean hasVolatileNames() {
        return disk.hasVolatileNames();
    }

    /** Returns the number of open files. */
    public synchronized int openFiles() {
        return openedAs.size();
    }

    /** Returns the names under which the open files were opened. */
    synchronized List<String> openNames() {
        return List.copyOf(openedAs);
    }

    /** Returns the number of operations so far. */
    public synchronized long operations() {
        return operations;
    }

    /** Returns the number of operations that failed. */
    public synchronized int faults() {
        return faults.size();
    }

    synchronized List<String> faultsDone() {
        return List.copyOf(faults);
    }

    /** Returns the number of changes of the disk so far, forces included. */
    public synchronized long changes() {
        return journal.size();
    }

    public DiskRules rules() {
        return rules;
    }

    /** Returns the number of changes before the first fault. */
    synchronized int changesBeforeFault() {
        return changesBeforeFault;
    }

    Journal journal() {
        return journal;
    }

    // ---- the next start

    /** Cuts power. Volatile changes survive partially, as determined by the rules and the seed. */
    public FaultyStorage cutPower(long cutSeed) {
        freeze();
        return new FaultyStorage(cutSeed, rules, disk.afterPowerCut(cutSeed, rules));
    }

    /** Kills the process. All writes remain readable, and as durable or volatile as before. */
    public FaultyStorage killProcess() {
        freeze();
        return new FaultyStorage(seed + 1, rules, disk.copy());
    }

    private synchronized void freeze() {
        frozen = true;
        releaseForces();
    }

    // ---- storage

    @Override
    public String describe() {
        return "faulty storage " + seed;
    }

    @Override
    public synchronized List<String> list() throws IOException {
        failIf(begin(Kind.LIST, ""), "");
        return disk.list();
    }

    @Override
    public synchronized StorageFile create(String name) throws IOException {
        @Nullable Fault fault = begin(Kind.CREATE, name);
        failUnlessAfterwards(fault, name);
        if (disk.find(name) != null) {
            throw new FileAlreadyExistsException(name);
        }
        change("create " + name, target -> target.create(name));
        failIf(fault, name);
        return opened(name, true);
    }

    @Override
    public synchronized StorageFile open(String name) throws IOException {
        failIf(begin(Kind.OPEN, name), name);
        return opened(name, true);
    }

    @Override
    public synchronized StorageFile openForReading(String name) throws IOException {
        failIf(begin(Kind.OPEN, name), name);
        return opened(name, false);
    }

    private FaultyFile opened(String name, boolean writable) throws IOException {
        FaultyFile file = new FaultyFile(this, name, found(name), writable);
        openedAs.add(name);
        return file;
    }

    void closed(String name) {
        openedAs.remove(name);
    }

    private int found(String name) throws NoSuchFileException {
        Integer file = disk.find(name);
        if (file == null) {
            throw new NoSuchFileException(name);
        }
        return file;
    }

    @Override
    public synchronized void rename(String from, String to) throws IOException {
        @Nullable Fault fault = begin(Kind.RENAME, from);
        failUnlessAfterwards(fault, from);
        var unused = found(from);
        change("rename " + from + " to " + to, target -> target.rename(from, to));
        failIf(fault, from);
    }

    @Override
    public synchronized void delete(String name) throws IOException {
        @Nullable Fault fault = begin(Kind.DELETE, name);
        failUnlessAfterwards(fault, name);
        var unused = found(name);
        change("delete " + name, target -> target.delete(name));
        failIf(fault, name);
    }

    @Override
    public synchronized void forceDirectory() throws IOException {
        @Nullable Fault fault = begin(Kind.FORCE_DIRECTORY, "");
        long upTo = disk.serial();
        hold();
        // After a failure the changes stay pending, as in a journal that could not be written.
        failUnlessAfterwards(fault == Fault.LIE ? null : fault, "");
        if (fault != Fault.LIE) {
            change("force directory", target -> target.forceNames(upTo));
        }
        failIf(fault == Fault.LIE ? null : fault, "");
    }

    @Override
    public synchronized long usableBytes() {
        return Math.max(0, capacityBytes - disk.usedBytes());
    }

    @Override
    public synchronized StorageLock lock(String name) throws IOException {
        failIf(begin(Kind.LOCK, name), name);
        if (!locks.add(name)) {
            throw new WalLockedException(describe(), "another instance on this storage");
        }
        return () -> unlock(name);
    }

    private synchronized void unlock(String name) {
        locks.remove(name);
    }

    @Override
    public synchronized boolean isLocked(String name) {
        return locks.contains(name);
    }

    // ---- for its files, which hold the monitor

    Disk disk() {
        return disk;
    }

    /** Counts an operation, and returns its fault. */
    @Nullable
    Fault begin(Kind kind, String file) throws IOException {
        if (frozen) {
            throw new IOException("this machine or process has stopped");
        }
        Operation operation = new Operation(++operations, kind, file);
        @Nullable Fault fault = plan.faultIn(operation);
        if (fault == null && openedAs.size() >= maxOpenFiles) {
            fault = Fault.TOO_MANY_FILES;
        }
        if (fault == null || !fault.isPossibleFor(kind)) {
            return null;
        }
        if (faults.isEmpty()) {
            changesBeforeFault = journal.size();
        }
        faults.add(fault + " in " + operation);
        return fault;
    }

    /** Returns the random source of the current operation. */
    Chance chance() {
        return new Chance(chanceSeed());
    }

    long chanceSeed() {
        return seed * 1_000_003 + operations;
    }

    void change(String description, Consumer<Disk> change) {
        change.accept(disk);
        journal.add(description, change);
    }

    /** Waits while forces are blocked. */
    synchronized void hold() throws IOException {
        int before = releases;
        if (forcesHeld) {
            heldForces++;
            notifyAll();
        }
        try {
            while (forcesHeld && releases == before) {
                wait();
            }
        } catch (InterruptedException e) {
            throw new IOException("interrupted while a force was held", e);
        }
        if (frozen) {
            throw new IOException("this machine or process stopped during a force");
        }
    }

    void failUnlessAfterwards(@Nullable Fault fault, String file) throws IOException {
        if (fault != Fault.IO_ERROR_AFTERWARDS) {
            failIf(fault, file);
        }
    }

    void failIf(@Nullable Fault fault, String file) throws IOException {
        if (fault == null) {
            return;
        }
        switch (fault) {
            case IO_ERROR, IO_ERROR_AFTERWARDS -> throw new IOException(file + ": Input/output error (injected)");
            case NO_ROOM -> throw noRoom(file);
            case TOO_MANY_FILES -> throw new FileSystemException(file, null, "Too many open files (injected)");
            case SHORT, LIE -> throw new IllegalStateException(fault + " in " + file);
        }
    }

    StorageFullException noRoom(String file) {
        return new StorageFullException(file + ": No space left on device (injected)", null);
    }

    /** Returns how many of the bytes by which a file grows still fit on the disk. */
    long roomFor(long bytes) {
        return Math.min(bytes, usableBytes());
    }
}
