package io.veloz.wal.ops;

import io.veloz.wal.WalReader;
import io.veloz.wal.orders.OrderEvent;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Sequence and time, followed by the event with its fields, or by type and bytes if the record is not an order event. */
final class TextFormat implements RecordFormat {
    private final EventDecoder decoder = new EventDecoder();

    @Override
    public void write(WalReader record, Output out) {
        ByteBuffer payload = record.payload();
        out.number(record.sequence()).character(' ').text(Units.time(record.timestampNanos()));
        OrderEvent event = decoder.decodeOrNull(record.type(), payload);
        if (event != null) {
            out.character(' ').text(event.getClass().getSimpleName());
            EventFields.write(event, new TextFields(out));
        } else {
            out.text(" type=").number(record.type()).text(" bytes=").number(payload.remaining());
            out.character(' ');
            writeHex(payload, out);
        }
        out.text(record.groupContinues() ? " +\n" : "\n");
    }

    static void writeHex(ByteBuffer payload, Output out) {
        for (int i = payload.position(); i < payload.limit(); i++) {
            out.hexByte(payload.get(i));
        }
    }

    /** {@code name=value}; unknown and empty values are omitted. */
    private record TextFields(Output out) implements Fields {
        private Json field(String name) {
            out.character(' ').text(name).character('=');
            return new Json(out);
        }

        @Override
        public void text(String name, String value) {
            if (!value.isEmpty()) {
                field(name).value(value);
            }
        }

        @Override
        public void number(String name, @Nullable Double value) {
            if (value != null) {
                field(name).value(value);
            }
        }

        @Override
        public void whole(String name, long value) {
            field(name).value(value);
        }

        @Override
        public void constant(String name, @Nullable Enum<?> value) {
            if (value != null) {
                out.character(' ').text(name).character('=').text(value.name());
            }
        }

        @Override
        public void flag(String name, boolean value) {
            if (value) {
                out.character(' ').text(name);
            }
        }
    }
}
