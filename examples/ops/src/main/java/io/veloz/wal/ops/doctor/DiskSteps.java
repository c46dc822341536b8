package io.veloz.wal.ops.doctor;

import io.veloz.wal.storage.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;

/**
 * The steps that measure the disk, on scratch files. Each takes at least one sample, also after its deadline. It belongs to
 * one thread.
 */
final class DiskSteps implements Closeable {
    private final Storage storage;
    private final Bounds bounds;
    private final ScratchFile filled;
    private final ScratchFile sparse;
    private final Map<Series, Samples> samples = new EnumMap<>(Series.class);

    /** Random bytes in direct memory, as the batches of the log, so that no layer stores less than was written. */
    private final ByteBuffer content = ByteBuffer.allocateDirect(Measured.BATCH_BYTES);

    private long otherBytes;

    DiskSteps(Storage storage, Bounds bounds) throws IOException {
        this.storage = storage;
        this.bounds = bounds;
        byte[] random = new byte[content.capacity()];
        new Random(11).nextBytes(random);
        content.put(random).flip();
        this.filled = new ScratchFile(storage, ScratchNames.FILLED, bounds.fileBytes());
        try {
            this.sparse = new ScratchFile(storage, ScratchNames.SPARSE, bounds.fileBytes());
        } catch (IOException e) {
            filled.close();
            throw e;
        }
    }

    Samples samples(Series series) {
        return samples.computeIfAbsent(series, unused -> new Samples(bounds.maxSamples()));
    }

    /** Fills the file of the later steps with zeros, at least as far as one batch, and returns the rate. */
    long fill(Deadline deadline) throws IOException {
        long started = System.nanoTime();
        boolean full = false;
        while (!full && (filled.endBytes() < Measured.BATCH_BYTES || !deadline.isOver())) {
            full = filled.fillChunk();
        }
        filled.force();
        return rate(filled.endBytes(), started);
    }

    /** Writes and forces on the zero-filled file, once in each round. */
    void forced(Series series, int bytes, Deadline deadline) throws IOException {
        forced(series, bytes, bounds.roundBytes(), deadline);
    }

    /** Writes and forces the largest batches of the log. */
    void batches(Deadline deadline) throws IOException {
        forced(Series.FORCED_BATCH, Measured.BATCH_BYTES, bounds.stepBytes(), deadline);
    }

    private void forced(Series series, int bytes, long most, Deadline deadline) throws IOException {
        Samples to = samples(series);
        long limit = filled.writtenBytes() + most;
        ByteBuffer source = source(bytes);
        while (to.wantsMore(deadline) && filled.writtenBytes() < limit) {
            to.add(writeAndForce(filled, source));
        }
    }

    /** Writes and forces on a sparse file, to blocks that are not allocated, once in each round. */
    void sparse(Series series, int bytes, Deadline deadline) throws IOException {
        Samples to = samples(series);
        long limit = sparse.writtenBytes() + bounds.roundBytes();
        ByteBuffer source = source(bytes);
        sparse.makeSparse();
        while (to.wantsMore(deadline) && sparse.writtenBytes() < limit) {
            if (sparse.wraps(bytes)) {
                sparse.makeSparse();
            }
            to.add(writeAndForce(sparse, source));
        }
    }

    private static long writeAndForce(ScratchFile file, ByteBuffer source) throws IOException {
        long started = System.nanoTime();
        file.write(source);
        file.force();
        return System.nanoTime() - started;
    }

    /** Writes without a force, and forces once at the end, so that the next step starts with a clean file. */
    void unforced(Series series, int bytes, Deadline deadline) throws IOException {
        Samples to = samples(series);
        long limit = filled.writtenBytes() + bounds.stepBytes();
        ByteBuffer source = source(bytes);
        while (to.wantsMore(deadline) && filled.writtenBytes() < limit) {
            long started = System.nanoTime();
            filled.write(source);
            to.add(System.nanoTime() - started);
        }
        filled.force();
    }

    /** Forces the file although nothing was written since the last force. */
    void emptyForces(Deadline deadline) throws IOException {
        Samples to = samples(Series.EMPTY_FORCE);
        while (to.wantsMore(deadline)) {
            long started = System.nanoTime();
            filled.force();
            to.add(System.nanoTime() - started);
        }
    }

    /** Overwrites the file sequentially without a force, and returns the rate. */
    long sequentialWrites(Deadline deadline) throws IOException {
        long before = filled.writtenBytes();
        ByteBuffer source = source(Measured.BATCH_BYTES);
        long started = System.nanoTime();
        do {
            filled.write(source);
        } while (!deadline.isOver() && filled.writtenBytes() - before < bounds.stepBytes());
        long rate = rate(filled.writtenBytes() - before, started);
        filled.force();
        return rate;
    }

    /** Reads the file sequentially, and returns the rate. */
    long sequentialReads(Deadline deadline) throws IOException {
        ByteBuffer target = ByteBuffer.allocateDirect(Measured.BATCH_BYTES);
        long bytes = 0;
        long position = 0;
        long started = System.nanoTime();
        do {
            int count = filled.read(target, position);
            bytes += count;
            position = position + count < filled.endBytes() ? position + count : 0;
        } while (!deadline.isOver() && bytes < 4 * bounds.fileBytes());
        return rate(bytes, started);
    }

    /** Writes and forces while another thread fills another file as fast as it can. */
    void duringFill(Deadline deadline) throws IOException {
        try (Filler filler = Filler.start(storage, bounds, deadline)) {
            forced(Series.DURING_FILL, 4096, bounds.stepBytes(), deadline.orWhen(filler::hasEnded));
            otherBytes += filler.stop();
        }
    }

    /** Renames a file, and forces the directory, as a roll does. */
    void names(Deadline deadline) throws IOException {
        Samples renames = samples(Series.RENAME);
        Samples forces = samples(Series.DIRECTORY_FORCE);
        String from = ScratchNames.NAME_A;
        String to = ScratchNames.NAME_B;
        storage.create(from).close();
        try {
            while (forces.wantsMore(deadline)) {
                long started = System.nanoTime();
                storage.rename(from, to);
                long renamed = System.nanoTime();
                String old = from;
                from = to;
                to = old;
                storage.forceDirectory();
                renames.add(renamed - started);
                forces.add(System.nanoTime() - renamed);
            }
        } finally {
            storage.delete(from);
        }
    }

    private ByteBuffer source(int bytes) {
        return content.duplicate().clear().limit(bytes);
    }

    private static long rate(long bytes, long startedNanos) {
        return (long) (bytes * 1e9 / Math.max(1, System.nanoTime() - startedNanos));
    }

    long writtenBytes() {
        return filled.writtenBytes() + sparse.writtenBytes() + otherBytes;
    }

    @Override
    public void close() throws IOException {
        try (filled) {
            sparse.close();
        }
    }
}
