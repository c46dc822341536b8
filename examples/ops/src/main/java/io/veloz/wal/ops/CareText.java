package io.veloz.wal.ops;

import io.veloz.wal.archive.ArchiveCare;

/** Prints the state of the care of an archive, as text or as JSON. Stateless. */
final class CareText {
    private CareText() {}

    /** Prints nothing for an archive without care records. */
    static void write(ArchiveCare care, Output out) {
        care.plan()
                .ifPresent(plan -> out.line("plan        care record " + plan.number() + ": retires the records before "
                        + Units.count(plan.firstSequence()) + ", " + Units.count(plan.objects(), "object") + ", "
                        + Units.bytes(plan.bytes()) + ", from " + plan.due() + " on"));
        if (care.isDeleting()) {
            out.line("- the deletion of care record " + care.retiredBy() + " is not complete; `retention URI --apply`"
                    + " completes it");
        }
        for (ArchiveCare.Mark mark : care.verified()) {
            out.line("verified    " + mark.level() + " up to record " + Units.count(mark.lastSequence()) + ", at "
                    + mark.checked() + ", all of it since " + mark.since());
        }
        care.holds().forEach(hold -> out.line("held        " + text(hold)));
    }

    static String text(ArchiveCare.Hold hold) {
        return "records from " + Units.count(hold.firstSequence()) + " on, by hold " + hold.number() + " of "
                + hold.made() + (hold.reason().isEmpty() ? "" : ": " + hold.reason());
    }

    static void write(Json to, ArchiveCare care) {
        to.name("care").object().field("record", care.record()).field("deleting", care.isDeleting());
        care.plan().ifPresent(plan -> {
            to.name("plan").object().field("number", plan.number()).field("first_sequence", plan.firstSequence());
            to.field("objects", plan.objects()).field("bytes", plan.bytes());
            to.field("due", plan.due().toString()).endObject();
        });
        to.name("verified").array();
        care.verified().forEach(mark -> {
            to.object().field("level", mark.level()).field("last_sequence", mark.lastSequence());
            to.field("since", mark.since().toString())
                    .field("checked", mark.checked().toString())
                    .endObject();
        });
        to.endArray().name("holds").array();
        care.holds().forEach(hold -> write(to, hold));
        to.endArray().endObject();
    }

    static void write(Json to, ArchiveCare.Hold hold) {
        to.object().field("hold", hold.number()).field("first_sequence", hold.firstSequence());
        to.field("reason", hold.reason()).field("host", hold.host());
        to.field("made", hold.made().toString()).endObject();
    }
}
