package io.veloz.wal.backup.internal.drill;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import io.veloz.wal.backup.DrillReceipt;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/** A drill's receipt as JSON. Stateless. */
public final class ReceiptJson {
    private ReceiptJson() {}

    public static byte[] write(DrillReceipt receipt) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
            json.setPrettyPrinter(new DefaultPrettyPrinter());
            json.writeStartObject();
            json.writeNumberField("format", 1);
            json.writeStringField("id", receipt.id());
            json.writeStringField("result", receipt.result().name());
            json.writeNumberField("point", receipt.point());
            if (receipt.pointMade().isPresent()) {
                json.writeStringField("pointMade", receipt.pointMade().get().toString());
            }
            json.writeStringField("begun", receipt.begun().toString());
            json.writeStringField("host", receipt.host());
            json.writeStringField("user", receipt.user());
            json.writeNumberField("lastSequence", receipt.lastSequence());
            if (receipt.lastRecord().isPresent()) {
                json.writeStringField("lastRecord", receipt.lastRecord().get().toString());
            }
            if (receipt.recoveryPointAge().isPresent()) {
                json.writeNumberField(
                        "rpoSeconds", seconds(receipt.recoveryPointAge().get()));
            }
            json.writeNumberField("rtoSeconds", seconds(receipt.recoveryTime()));
            json.writeArrayFieldStart("checks");
            for (DrillReceipt.Check check : receipt.checks()) {
                json.writeStartObject();
                json.writeStringField("name", check.name());
                json.writeStringField("result", check.result().name());
                json.writeStringField("detail", check.detail());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeObjectFieldStart("seconds");
            for (Map.Entry<String, Duration> step : receipt.took().entrySet()) {
                json.writeNumberField(step.getKey(), seconds(step.getValue()));
            }
            json.writeEndObject();
            json.writeObjectFieldStart("versions");
            for (Map.Entry<String, String> version : receipt.versions().entrySet()) {
                json.writeStringField(version.getKey(), version.getValue());
            }
            json.writeEndObject();
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("in memory", e);
        }
        return bytes.toByteArray();
    }

    private static double seconds(Duration duration) {
        return Double.parseDouble(String.format(Locale.ROOT, "%.3f", duration.toMillis() / 1000.0));
    }
}
