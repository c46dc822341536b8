package io.veloz.wal.ops;

import io.veloz.wal.WalReader;
import io.veloz.wal.orders.OrderEvent;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** One JSON object per line. */
final class JsonFormat implements RecordFormat {
    private final EventDecoder decoder = new EventDecoder();

    @Override
    public void write(WalReader record, Output out) {
        ByteBuffer payload = record.payload();
        Json json = new Json(out).object();
        json.field("sequence", record.sequence()).field("timestamp_ns", record.timestampNanos());
        json.field("type", record.type());
        if (record.groupContinues()) {
            json.field("group_continues", true);
        }
        OrderEvent event = decoder.decodeOrNull(record.type(), payload);
        if (event != null) {
            json.field("event", event.getClass().getSimpleName());
            EventFields.write(event, new JsonFields(json));
        } else {
            json.name("payload_hex").hex(payload);
        }
        json.endObject();
        out.character('\n');
    }

    private record JsonFields(Json json) implements Fields {
        @Override
        public void text(String name, String value) {
            json.name(name).value(value);
        }

        @Override
        public void number(String name, @Nullable Double value) {
            json.name(name).value(value);
        }

        @Override
        public void whole(String name, long value) {
            json.field(name, value);
        }

        @Override
        public void constant(String name, @Nullable Enum<?> value) {
            json.field(name, value == null ? null : value.name());
        }

        @Override
        public void flag(String name, boolean value) {
            json.field(name, value);
        }
    }
}
