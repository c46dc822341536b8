package io.veloz.wal.http;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Answers the health endpoints from a list of checks. Thread-safe. */
final class Health {
    private final List<Check> checks;

    Health(List<Check> checks) {
        this.checks = List.copyOf(checks);
    }

    /** A check that was run. */
    record Outcome(String name, CheckResult result) {}

    /** Runs the checks of a probe; all checks if it is null. */
    List<Outcome> run(@Nullable Probe probe) {
        List<Outcome> outcomes = new ArrayList<>();
        for (Check check : checks) {
            if (probe == null || check.isPartOf(probe)) {
                outcomes.add(new Outcome(check.name(), check.run()));
            }
        }
        return outcomes;
    }

    /** Returns 200 if all checks of a probe passed, 503 otherwise, and the reason of each. */
    Response respond(@Nullable Probe probe) {
        List<Outcome> outcomes = run(probe);
        StringBuilder text = new StringBuilder();
        Json json = new Json(text).object();
        write(json, outcomes);
        json.endObject();
        return Response.json(isPassed(outcomes) ? 200 : 503, text.toString());
    }

    static void write(Json json, List<Outcome> outcomes) {
        json.field("status", isPassed(outcomes) ? "ok" : "failed");
        json.array("checks");
        for (Outcome outcome : outcomes) {
            json.object()
                    .field("name", outcome.name())
                    .field("status", outcome.result().passed() ? "ok" : "failed")
                    .field("reason", outcome.result().reason())
                    .endObject();
        }
        json.endArray();
    }

    private static boolean isPassed(List<Outcome> outcomes) {
        return outcomes.stream().allMatch(outcome -> outcome.result().passed());
    }
}
