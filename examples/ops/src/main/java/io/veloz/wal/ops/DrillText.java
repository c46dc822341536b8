package io.veloz.wal.ops;

import io.veloz.wal.backup.DrillReceipt;
import io.veloz.wal.backup.DrillReceipt.Check;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;

/** Prints the receipt of a drill, as text or as JSON. Stateless. */
final class DrillText {
    private DrillText() {}

    static int exitCode(DrillReceipt receipt) {
        return switch (receipt.result()) {
            case PASSED -> ExitCode.OK;
            case FAILED -> ExitCode.FAILED;
            case INCONCLUSIVE -> ExitCode.UNREACHABLE;
        };
    }

    static void write(DrillReceipt receipt, Output out) {
        out.line("receipt     " + receipt.id() + ", begun " + receipt.begun() + " on " + receipt.host() + " by "
                + receipt.user());
        out.line("point       "
                + (receipt.point() == 0
                        ? "none"
                        : Units.count(receipt.point())
                                + receipt.pointMade()
                                        .map(made -> ", made " + made)
                                        .orElse("")));
        for (Check check : receipt.checks()) {
            out.line("- " + check.result().name().toLowerCase(Locale.ROOT) + ": " + check.name() + " ("
                    + Streams.oneLine(check.detail()) + ")");
        }
        for (Map.Entry<String, Duration> step : receipt.took().entrySet()) {
            out.line(String.format(Locale.ROOT, "%10.3f s  %s", step.getValue().toNanos() / 1e9, step.getKey()));
        }
        out.line("RPO         "
                + receipt.recoveryPointAge().map(DrillText::recoveryPoint).orElse("unknown"));
        out.line("RTO         " + Units.seconds(receipt.recoveryTime()));
        out.line("result: " + receipt.result().name());
    }

    /** What is acknowledged is archived one flush interval later. */
    private static String recoveryPoint(Duration age) {
        return "at most " + (age.toMinutes() < 1 ? Units.seconds(age) : Units.age(age))
                + " at the time of the drill, plus the flush interval of the shipper (1 s by default)";
    }

    static void writeJson(DrillReceipt receipt, Output out) {
        Json to = new Json(out).object().field("outcome", receipt.result().name());
        to.field("exit_code", exitCode(receipt)).field("id", receipt.id());
        to.field("begun", receipt.begun().toString()).field("host", receipt.host());
        to.field("user", receipt.user()).field("point", receipt.point());
        to.field("point_made", receipt.pointMade().map(Instant::toString).orElse(null));
        to.field("last_sequence", receipt.lastSequence());
        to.field("last_record", receipt.lastRecord().map(Instant::toString).orElse(null));
        to.field("rpo_ns", receipt.recoveryPointAge().map(Duration::toNanos).orElse(-1L));
        to.field("rto_ns", receipt.recoveryTime().toNanos()).name("checks").array();
        for (Check check : receipt.checks()) {
            to.object()
                    .field("name", check.name())
                    .field("result", check.result().name());
            to.field("detail", check.detail()).endObject();
        }
        to.endArray().name("took_ns").object();
        receipt.took().forEach((step, took) -> to.field(step, took.toNanos()));
        to.endObject().name("versions").object();
        receipt.versions().forEach(to::field);
        to.endObject().endObject();
        out.character('\n');
    }
}
