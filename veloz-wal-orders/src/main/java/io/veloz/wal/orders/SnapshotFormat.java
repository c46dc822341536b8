package io.veloz.wal.orders;

import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalVersionException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** The bytes of a snapshot: header, orders, checksum. An instance reads one snapshot. Not thread-safe. */
final class SnapshotFormat {
    /** "VZOS" on disk. */
    private static final int MAGIC = 0x534F5A56;

    private static final int VERSION = 1;
    private static final int HEADER_BYTES = 36;
    private static final int CHUNK_BYTES = 64 * 1024;

    private final InputStream stream;
    private final String name;
    private final CRC32C crc = new CRC32C();
    private long position;
    private @Nullable WalVersionException unreadable;

    private SnapshotFormat(InputStream stream, String name) {
        this.stream = stream;
        this.name = name;
    }

    static int write(OrderSnapshot snapshot, OutputStream stream) throws IOException {
        CRC32C crc = new CRC32C();
        ByteBuffer header = littleEndian(HEADER_BYTES)
                .putInt(MAGIC)
                .putInt(VERSION)
                .putLong(snapshot.coveredSequence())
                .putLong(snapshot.orders().size())
                .putLong(snapshot.newestNanos());
        put(stream, crc, header.putInt(crcOf(header.duplicate().flip())).flip());
        OrderCodec codec = new OrderCodec();
        for (OrderState order : snapshot.orders()) {
            ByteBuffer payload = codec.encode(new OrderRestored(order));
            put(stream, crc, littleEndian(4).putInt(payload.remaining()).flip());
            put(stream, crc, payload);
        }
        int digest = (int) crc.getValue();
        put(stream, crc, littleEndian(4).putInt(digest).flip());
        return digest;
    }

    private static void put(OutputStream stream, CRC32C crc, ByteBuffer bytes) throws IOException {
        crc.update(bytes.duplicate());
        stream.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
    }

    static OrderSnapshot read(InputStream stream, String name) throws IOException {
        return new SnapshotFormat(stream, name).readAll();
    }

    private OrderSnapshot readAll() throws IOException {
        ByteBuffer header = ByteBuffer.wrap(readFully(HEADER_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        checkHeader(header);
        long covered = header.getLong(8);
        long count = header.getLong(16);
        long newest = header.getLong(24);
        List<OrderState> orders = new ArrayList<>();
        OrderCodec codec = new OrderCodec();
        for (long i = 0; i < count; i++) {
            int length =
                    ByteBuffer.wrap(readFully(4)).order(ByteOrder.LITTLE_ENDIAN).getInt();
            if (length < 0) {
                throw corrupt("order " + i + " of " + count + " has " + Integer.toUnsignedString(length) + " bytes");
            }
            decode(codec, readFully(length), orders);
        }
        checkEnd(crc.getValue());
        return new OrderSnapshot(covered, newest, orders);
    }

    private void checkHeader(ByteBuffer header) {
        if (header.getInt(0) != MAGIC) {
            throw new WalVersionException(String.format(
                    Locale.ROOT,
                    "%s: not an order snapshot: magic 0x%08x, expected 0x%08x",
                    name,
                    header.getInt(0),
                    MAGIC));
        }
        int expected = crcOf(header.duplicate().limit(HEADER_BYTES - 4));
        if (header.getInt(HEADER_BYTES - 4) != expected) {
            throw corrupt(String.format(
                    Locale.ROOT, "header checksum 0x%08x, expected 0x%08x", header.getInt(HEADER_BYTES - 4), expected));
        }
        if (header.getInt(4) != VERSION) {
            throw new WalVersionException(
                    name + ": snapshot version: got " + header.getInt(4) + ", expected " + VERSION);
        }
        if (header.getLong(8) < 0 || header.getLong(16) < 0) {
            throw corrupt("sequence " + header.getLong(8) + ", count " + header.getLong(16) + ": expected 0 or more");
        }
    }

    /** Keeps the exception: only the closing checksum shows whether the order is corrupt or of a later version. */
    private void decode(OrderCodec codec, byte[] payload, List<OrderState> orders) {
        if (unreadable != null) {
            return;
        }
        try {
            if (codec.decode(OrderCodec.ORDER_RESTORED, ByteBuffer.wrap(payload)) instanceof OrderRestored restored) {
                orders.add(restored.state());
            }
        } catch (WalVersionException e) {
            unreadable = e;
        }
    }

    private void checkEnd(long computed) throws IOException {
        int stored =
                ByteBuffer.wrap(readFully(4)).order(ByteOrder.LITTLE_ENDIAN).getInt();
        if (stored != (int) computed) {
            throw corrupt(String.format(Locale.ROOT, "checksum 0x%08x, expected 0x%08x", stored, (int) computed));
        }
        if (unreadable != null) {
            throw unreadable;
        }
    }

    /** Reads in chunks, so that a corrupt length allocates no more memory than the size of the stream. */
    private byte[] readFully(int length) throws IOException {
        byte[] first = stream.readNBytes(Math.min(length, CHUNK_BYTES));
        byte[] all = first;
        if (first.length == CHUNK_BYTES && length > CHUNK_BYTES) {
            ByteArrayOutputStream collected = new ByteArrayOutputStream(2 * CHUNK_BYTES);
            collected.writeBytes(first);
            byte[] chunk = first;
            while (chunk.length > 0 && collected.size() < length) {
                chunk = stream.readNBytes(Math.min(length - collected.size(), CHUNK_BYTES));
                collected.writeBytes(chunk);
            }
            all = collected.toByteArray();
        }
        if (all.length < length) {
            throw corrupt(
                    "ends after " + (position + all.length) + " bytes, expected " + (position + length) + " or more");
        }
        position += length;
        crc.update(all);
        return all;
    }

    private WalCorruptException corrupt(String reason) {
        return new WalCorruptException(name, position, -1, -1, reason);
    }

    private static int crcOf(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
