package io.veloz.wal.testkit;

import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.testkit.Operation.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import org.jspecify.annotations.Nullable;

/** An open file of a {@link FaultyStorage}. It refers to the same file after a rename or a deletion. */
@SuppressWarnings("SynchronizeOnNonFinalField")
final class FaultyFile implements StorageFile {
    private final FaultyStorage storage;
    private final String openedAs;
    private final int file;
    private final boolean writable;
    private boolean closed;

    FaultyFile(FaultyStorage storage, String name, int file, boolean writable) {
        this.storage = storage;
        this.openedAs = name;
        this.file = file;
        this.writable = writable;
    }

    @Override
    public int write(ByteBuffer source, long position) throws IOException {
        synchronized (storage) {
            checkWritable();
            String name = name();
            @Nullable Fault fault = storage.begin(Kind.WRITE, name);
            int wanted = source.remaining();
            int count = wanted;
            if (fault == Fault.SHORT) {
                count = wanted == 0 ? 0 : 1 + storage.chance().below(wanted);
            } else if (fault != null && fault != Fault.IO_ERROR_AFTERWARDS) {
                count = storage.chance().below(wanted + 1);
            }
            int size = storage.disk().file(file).cached().length;
            long growth = Math.max(0, position + count - size);
            long room = storage.roomFor(growth);
            count -= (int) (growth - room);
            byte[] bytes = new byte[Math.max(0, count)];
            source.get(bytes);
            String text = "write " + bytes.length + " bytes at " + position + " of " + name;
            if (bytes.length > 0) {
                storage.change(text, disk -> disk.write(file, position, bytes));
            }
            storage.failIf(fault == Fault.SHORT ? null : fault, name);
            if (bytes.length == 0 && wanted > 0) {
                throw storage.noRoom(name);
            }
            return bytes.length;
        }
    }

    @Override
    public int read(ByteBuffer target, long position) throws IOException {
        synchronized (storage) {
            checkOpen();
            String name = name();
            @Nullable Fault fault = storage.begin(Kind.READ, name);
            storage.failIf(fault == Fault.SHORT ? null : fault, name);
            byte[] bytes = storage.disk().file(file).cached();
            if (position >= bytes.length) {
                return -1;
            }
            int count = (int) Math.min(target.remaining(), bytes.length - position);
            if (fault == Fault.SHORT && count > 0) {
                count = 1 + storage.chance().below(count);
            }
            target.put(bytes, (int) position, count);
            return count;
        }
    }

    @Override
    public void force() throws IOException {
        synchronized (storage) {
            checkWritable();
            String name = name();
            @Nullable Fault fault = storage.begin(Kind.FORCE, name);
            // Later writes are not covered, however long the force takes.
            long upTo = storage.disk().serial();
            long seed = storage.chanceSeed();
            storage.hold();
            if (fault == Fault.LIE) {
                return;
            }
            if (fault == null || fault == Fault.IO_ERROR_AFTERWARDS) {
                storage.change("force " + name, disk -> disk.force(file, upTo));
            } else {
                storage.change("failing force " + name, disk -> disk.failForce(file, upTo, seed, storage.rules()));
            }
            storage.failIf(fault, name);
        }
    }

    @Override
    public void truncate(long size) throws IOException {
        synchronized (storage) {
            checkWritable();
            String name = name();
            @Nullable Fault fault = storage.begin(Kind.TRUNCATE, name);
            storage.failUnlessAfterwards(fault, name);
            storage.change("truncate " + name + " to " + size, disk -> disk.truncate(file, size));
            storage.failIf(fault, name);
        }
    }

    @Override
    public long size() throws IOException {
        synchronized (storage) {
            checkOpen();
            String name = name();
            storage.failIf(storage.begin(Kind.SIZE, name), name);
            return storage.disk().file(file).cached().length;
        }
    }

    @Override
    public void close() throws IOException {
        synchronized (storage) {
            if (!closed) {
                closed = true;
                storage.closed(openedAs);
                String name = name();
                storage.failIf(storage.begin(Kind.CLOSE, name), name);
            }
        }
    }

    /** Returns the current name of the file. */
    private String name() {
        @Nullable String name = storage.disk().nameOf(file);
        return name == null ? openedAs : name;
    }

    private void checkWritable() throws IOException {
        checkOpen();
        if (!writable) {
            throw new NonWritableChannelException();
        }
    }

    private void checkOpen() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }
}
