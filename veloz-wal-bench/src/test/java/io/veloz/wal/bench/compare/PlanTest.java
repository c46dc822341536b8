package io.veloz.wal.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanTest {
    private static final List<ComparedLog> LOGS = ComparedLog.of(List.of("veloz-wal", "raw-single", "raw-group", "h2"));

    private static List<String> names(List<Plan.Measurement> measurements) {
        return measurements.stream()
                .map(each ->
                        each.round() + " " + each.workload() + " " + each.log().name())
                .toList();
    }

    @Test
    void logsFollowEachOtherAndEachRoundStartsWithAnotherOne() {
        assertThat(names(Plan.interleaved(2, List.of("async", "replay"), LOGS)))
                .containsExactly(
                        "1 async veloz-wal",
                        "1 async raw-single",
                        "1 async raw-group",
                        "1 async h2",
                        "1 replay veloz-wal",
                        "1 replay raw-single",
                        "1 replay raw-group",
                        "1 replay h2",
                        "2 async raw-group",
                        "2 async h2",
                        "2 async veloz-wal",
                        "2 async raw-single",
                        "2 replay raw-group",
                        "2 replay h2",
                        "2 replay veloz-wal",
                        "2 replay raw-single");
    }

    @Test
    void smokeTestRunsAllWorkloadsOfThisLogAndAFewOfTheOthers() {
        assertThat(names(Plan.smoke(
                        List.of("async", "replay"), List.of("async"), ComparedLog.of(List.of("veloz-wal", "h2")))))
                .containsExactly("1 async veloz-wal", "1 replay veloz-wal", "1 async h2");
    }

    @Test
    void timeLeftIsOfTheMeasurementsSoFar() {
        Plan plan = new Plan(Plan.interleaved(1, List.of("async"), LOGS), 8.4);

        assertThat(plan.expected()).isEqualTo(Duration.ofSeconds(40));
        assertThat(plan.left(0, Duration.ZERO)).isEqualTo(Duration.ofSeconds(40));
        assertThat(plan.left(1, Duration.ofSeconds(20))).isEqualTo(Duration.ofSeconds(60));
    }

    @Test
    void defaultRunTakesAboutFortyMinutes() {
        Arguments arguments = Arguments.parse();
        Plan plan = new Plan(
                Plan.interleaved(arguments.rounds(), arguments.workloads(), arguments.logs()),
                arguments.seconds() + arguments.warmUpSeconds());

        assertThat(plan.expected()).isBetween(Duration.ofMinutes(30), Duration.ofMinutes(42));
    }
}
