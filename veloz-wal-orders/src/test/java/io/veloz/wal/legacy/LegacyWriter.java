package io.veloz.wal.legacy;

import io.veloz.wal.orders.OrderText;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/** Writes entries as the engine does, for logs that the shared cases do not contain. */
final class LegacyWriter {
    static final long START_NANOS = 1_771_113_600_000_000_000L;

    /** One order of a checkpoint. */
    record Saved(String id, String side, Double quantity, Double limit, double executed, String status, long nanos) {}

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final List<Integer> positions = new ArrayList<>();
    private long sequence;

    LegacyWriter() {}

    /** Continues after a sequence. */
    LegacyWriter after(long last) {
        sequence = last;
        return this;
    }

    LegacyWriter placed(String id, double quantity, double limit) {
        return entry(
                1,
                payload()
                        .text(id)
                        .text("BTCUSDT")
                        .u8(0)
                        .u8(1)
                        .u8(0)
                        .f64(quantity)
                        .u8(1)
                        .f64(limit));
    }

    LegacyWriter update(String id, String venueOrderId, String status, long nanos) {
        return entry(
                2, payload().text(id).text(venueOrderId).text(status).text("").i64(nanos));
    }

    LegacyWriter fill(String id, double quantity, double price, long nanos) {
        return entry(
                3, payload().text(id).text("BTCUSDT").f64(quantity).f64(price).i64(nanos));
    }

    LegacyWriter cancel(String id, String reason, long nanos) {
        return entry(4, payload().text(id).text(reason).i64(nanos));
    }

    LegacyWriter rotation() {
        return entry(6, payload());
    }

    LegacyWriter checkpoint(Saved... orders) {
        Payload payload = payload().u32(orders.length);
        for (Saved order : orders) {
            payload.text(order.id()).text("BTCUSDT").text(order.side());
            payload.u8(order.quantity() == null ? 0 : 1).f64(order.quantity() == null ? 0 : order.quantity());
            payload.u8(order.limit() == null ? 0 : 1).f64(order.limit() == null ? 0 : order.limit());
            payload.f64(order.executed()).f64(order.executed() > 0 ? 100 : 0);
            payload.text("V-" + order.id())
                    .text(order.status())
                    .text("")
                    .i64(order.nanos())
                    .i64(START_NANOS);
        }
        return entry(5, payload);
    }

    LegacyWriter entry(int type, Payload payload) {
        return entry(type, payload.bytes.toByteArray());
    }

    LegacyWriter entry(int type, byte[] payload) {
        sequence++;
        positions.add(bytes.size());
        CRC32 crc = new CRC32();
        crc.update(payload);
        ByteBuffer header = ByteBuffer.allocate(40).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(0x57414C45).putInt(1).putLong(sequence).putLong(START_NANOS + sequence * 1000);
        header.put((byte) type)
                .put(new byte[3])
                .putInt(payload.length)
                .putInt((int) crc.getValue())
                .putInt(0x5A5A);
        bytes.writeBytes(header.array());
        bytes.writeBytes(payload);
        return this;
    }

    LegacyWriter garbage(byte[] garbage) {
        bytes.writeBytes(garbage);
        return this;
    }

    static Payload payload() {
        return new Payload();
    }

    /** Returns the position of the entry with an index. */
    int position(int entry) {
        return positions.get(entry);
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    LegacyWriter writeTo(Path directory, String name) {
        write(directory, name, bytes());
        return this;
    }

    static void write(Path directory, String name, byte[] content) {
        try {
            Files.createDirectories(directory);
            Files.write(directory.resolve(name), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The fields of a payload. */
    static final class Payload {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Payload text(String text) {
            byte[] encoded = OrderText.encode(text);
            u32(encoded.length);
            bytes.writeBytes(encoded);
            return this;
        }

        Payload u8(int value) {
            bytes.write(value);
            return this;
        }

        Payload u32(int value) {
            bytes.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(value)
                    .array());
            return this;
        }

        Payload i64(long value) {
            bytes.writeBytes(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array());
            return this;
        }

        Payload f64(double value) {
            return i64(Double.doubleToRawLongBits(value));
        }
    }
}
