package io.veloz.wal.bench.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.zip.CRC32C;

/** The floor of one thread: one write and one force for each record. */
public final class RawSingle implements LogKind {
    @Override
    public String durable() {
        return "one write and fdatasync for each record, into a file filled with zeros; CRC-32C of each record";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) throws IOException {
        return new Open(new RawFile(directory, settings.segmentBytes()), settings.maxRecordBytes());
    }

    @Override
    public Replayed replay(Path directory, Settings settings) throws IOException {
        return RawFile.replay(directory);
    }

    private static final class Open implements MeasuredLog {
        private final RawFile file;
        private final ByteBuffer frame;
        private final CRC32C crc = new CRC32C();

        Open(RawFile file, int maxRecordBytes) {
            this.file = file;
            this.frame = ByteBuffer.allocateDirect(maxRecordBytes + RawFile.FRAME_BYTES);
        }

        @Override
        public synchronized void append(ByteBuffer record) throws IOException {
            appendBuffered(record);
            file.force();
        }

        @Override
        public void appendAsync(ByteBuffer record, Runnable durable) throws IOException {
            append(record);
            durable.run();
        }

        @Override
        public synchronized void appendBuffered(ByteBuffer record) throws IOException {
            RawFile.frame(frame.clear(), record, crc);
            file.write(frame.flip());
        }

        @Override
        public synchronized void sync() throws IOException {
            file.force();
        }

        @Override
        public OptionalLong rolls() {
            return OptionalLong.of(file.rolls());
        }

        @Override
        public synchronized void close() throws IOException {
            file.close();
        }
    }
}
