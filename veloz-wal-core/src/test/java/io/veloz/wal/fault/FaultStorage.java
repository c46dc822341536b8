package io.veloz.wal.fault;

import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A wrapper of a storage that makes calls fail, wait, or write less than requested. It records all
 * calls that change files. Any thread may use it.
 */
public final class FaultStorage implements Storage {
    public enum Operation {
        LIST,
        CREATE,
        OPEN,
        OPEN_FOR_READING,
        RENAME,
        DELETE,
        FORCE_DIRECTORY,
        WRITE,
        READ,
        FORCE,
        TRUNCATE,
        SIZE;

        boolean changes() {
            return this != LIST && this != OPEN_FOR_READING && this != READ && this != SIZE;
        }
    }

    /**
     * @param name the name of the file when it was opened, or the old name of a rename; empty for a directory
     * @param file a number of the open file, which does not change with a rename; 0 for operations on names
     * @param failed whether the call was made to fail
     */
    public record Call(Operation operation, String name, long file, boolean failed) {}

    private final Storage storage;
    private final List<Rule> rules = new CopyOnWriteArrayList<>();
    private final List<Call> calls = new ArrayList<>();
    private final AtomicLong files = new AtomicLong();
    private final AtomicInteger openFiles = new AtomicInteger();
    private volatile int longestWrite = Integer.MAX_VALUE;

    public FaultStorage(Storage storage) {
        this.storage = storage;
    }

    /** An action before a call. */
    private interface Rule {
        void before(Operation operation, String name) throws IOException;
    }

    // ---- faults

    /** Makes the next calls of a kind fail: all of them, unless the fault limits them. */
    public Fault fail(Operation operation, Supplier<? extends IOException> cause) {
        return fail(kind -> kind == operation, cause);
    }

    /** Makes the next calls of these kinds fail: all of them, unless the fault limits them. */
    public Fault fail(Predicate<Operation> kinds, Supplier<? extends IOException> cause) {
        Fault fault = new Fault(kinds, cause);
        rules.add(fault);
        return fault;
    }

    /** Makes the next calls of a kind by threads of a log end in an error: all of them, unless the fault limits them. */
    public Fault error(Operation operation, Supplier<? extends Error> cause) {
        Fault fault = new Fault(
                kind -> kind == operation && Thread.currentThread().getName().startsWith("veloz-wal-"), () -> {
                    throw cause.get();
                });
        rules.add(fault);
        return fault;
    }

    /** A set of calls that fail. Configure it before the calls begin. */
    public final class Fault implements Rule {
        private final Predicate<Operation> kinds;
        private final Supplier<? extends IOException> cause;
        private final AtomicInteger seen = new AtomicInteger();
        private final AtomicInteger hits = new AtomicInteger();
        private final CountDownLatch firstHit = new CountDownLatch(1);
        private volatile Predicate<String> names = name -> true;
        private volatile int skipped;
        private volatile int times = Integer.MAX_VALUE;

        private Fault(Predicate<Operation> kinds, Supplier<? extends IOException> cause) {
            this.kinds = kinds;
            this.cause = cause;
        }

        /** Limits the fault to files with such a name when they were opened. */
        public Fault on(Predicate<String> these) {
            names = these;
            return this;
        }

        /** Lets a number of calls pass first. */
        public Fault after(int calls) {
            skipped = calls;
            return this;
        }

        public Fault times(int calls) {
            times = calls;
            return this;
        }

        /** Returns the number of calls that have failed. */
        public int hits() {
            return hits.get();
        }

        public void awaitHit() throws InterruptedException {
            if (!firstHit.await(30, TimeUnit.SECONDS)) {
                throw new AssertionError("the call that was to fail never came");
            }
        }

        /** Ends this fault. */
        public void end() {
            rules.remove(this);
        }

        @Override
        public void before(Operation operation, String name) throws IOException {
            if (kinds.test(operation) && names.test(name)) {
                int number = seen.getAndIncrement();
                if (number >= skipped && number - skipped < times) {
                    hits.incrementAndGet();
                    firstHit.countDown();
                    throw cause.get();
                }
            }
        }
    }

    /** Ends all faults and holds. */
    public void noMoreFaults() {
        rules.clear();
    }

    /** Makes the next calls of a kind on files with such a name wait until they are released. */
    public Hold hold(Operation operation, Predicate<String> names) {
        Hold hold = new Hold(operation, names);
        rules.add(hold);
        return hold;
    }

    /** A set of calls that wait. */
    public final class Hold implements Rule {
        private final Operation operation;
        private final Predicate<String> names;
        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);

        private Hold(Operation operation, Predicate<String> names) {
            this.operation = operation;
            this.names = names;
        }

        /** Waits until a call waits. */
        public void awaitEntered() throws InterruptedException {
            if (!entered.await(30, TimeUnit.SECONDS)) {
                throw new AssertionError("no " + operation + " came");
            }
        }

        public void release() {
            rules.remove(this);
            released.countDown();
        }

        @Override
        public void before(Operation kind, String name) {
            if (kind == operation && names.test(name)) {
                entered.countDown();
                boolean interrupted = false;
                while (true) {
                    try {
                        released.await();
                        break;
                    } catch (InterruptedException e) {
                        interrupted = true;
                    }
                }
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    /** Runs an action before each call of a kind, on the calling thread. */
    public void before(Operation operation, Runnable action) {
        rules.add((kind, name) -> {
            if (kind == operation) {
                action.run();
            }
        });
    }

    /** Limits the bytes that one call of write writes. */
    public void longestWrite(int bytes) {
        longestWrite = bytes;
    }

    // ---- recorded calls

    /** Returns all calls so far that changed files, or were made to fail. */
    public List<Call> calls() {
        synchronized (calls) {
            return List.copyOf(calls);
        }
    }

    public void forgetCalls() {
        synchronized (calls) {
            calls.clear();
        }
    }

    /** Returns the number of open files. */
    public int openFiles() {
        return openFiles.get();
    }

    private void call(Operation operation, String name, long file) throws IOException {
        boolean failed = true;
        try {
            for (Rule rule : rules) {
                rule.before(operation, name);
            }
            failed = false;
        } finally {
            if (operation.changes()) {
                synchronized (calls) {
                    calls.add(new Call(operation, name, file, failed));
                }
            }
        }
    }

    // ---- the storage

    @Override
    public String describe() {
        return storage.describe();
    }

    @Override
    public List<String> list() throws IOException {
        call(Operation.LIST, "", 0);
        return storage.list();
    }

    @Override
    public StorageFile create(String name) throws IOException {
        call(Operation.CREATE, name, 0);
        return new FaultFile(name, storage.create(name));
    }

    @Override
    public StorageFile open(String name) throws IOException {
        call(Operation.OPEN, name, 0);
        return new FaultFile(name, storage.open(name));
    }

    @Override
    public StorageFile openForReading(String name) throws IOException {
        call(Operation.OPEN_FOR_READING, name, 0);
        return new FaultFile(name, storage.openForReading(name));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        call(Operation.RENAME, from, 0);
        storage.rename(from, to);
    }

    @Override
    public void delete(String name) throws IOException {
        call(Operation.DELETE, name, 0);
        storage.delete(name);
    }

    @Override
    public void forceDirectory() throws IOException {
        call(Operation.FORCE_DIRECTORY, "", 0);
        storage.forceDirectory();
    }

    @Override
    public long usableBytes() throws IOException {
        return storage.usableBytes();
    }

    @Override
    public StorageLock lock(String name) throws IOException {
        return storage.lock(name);
    }

    @Override
    public boolean isLocked(String name) throws IOException {
        return storage.isLocked(name);
    }

    private final class FaultFile implements StorageFile {
        private final String name;
        private final StorageFile file;
        private final long number = files.incrementAndGet();
        private boolean closed;

        FaultFile(String name, StorageFile file) {
            this.name = name;
            this.file = file;
            openFiles.incrementAndGet();
        }

        @Override
        public int write(ByteBuffer source, long position) throws IOException {
            call(Operation.WRITE, name, number);
            int all = source.limit();
            source.limit((int) Math.min(all, (long) source.position() + longestWrite));
            try {
                return file.write(source, position);
            } finally {
                source.limit(all);
            }
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            call(Operation.READ, name, number);
            return file.read(target, position);
        }

        @Override
        public void force() throws IOException {
            call(Operation.FORCE, name, number);
            file.force();
        }

        @Override
        public void truncate(long size) throws IOException {
            call(Operation.TRUNCATE, name, number);
            file.truncate(size);
        }

        @Override
        public long size() throws IOException {
            call(Operation.SIZE, name, number);
            return file.size();
        }

        @Override
        public void close() throws IOException {
            if (!closed) {
                closed = true;
                openFiles.decrementAndGet();
            }
            file.close();
        }
    }
}
