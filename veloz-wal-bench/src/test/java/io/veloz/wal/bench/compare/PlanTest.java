package io.veloz.wal.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PlanTest {
    private static final List<ComparedLog> LOGS = ComparedLog.of(List.of("veloz-wal", "raw-single", "raw-group", "h2"));

    private static List<String> names(List<Plan.Measurement> measurements) {
        return measurements.stream()
                .map(each ->
                        each.round() + " " + each.workload() + " " + each.log().name())
                .toList();
    }

    private static List<Plan.Measurement> interleaved(long seed) {
        return Plan.interleaved(3, List.of("async", "replay"), LOGS, seed);
    }

    /** Returns the logs of each round and workload, in the order in which they are measured. */
    private static Map<String, List<String>> orders(List<Plan.Measurement> measurements) {
        return measurements.stream()
                .collect(Collectors.groupingBy(
                        each -> each.round() + " " + each.workload(),
                        LinkedHashMap::new,
                        Collectors.mapping(each -> each.log().name(), Collectors.toList())));
    }

    @Test
    void allLogsFollowEachOtherInEachRoundAndWorkload() {
        List<Plan.Measurement> measurements = interleaved(Plan.SEED);

        Map<String, List<String>> orders = orders(measurements);
        assertThat(orders.keySet())
                .containsExactly("1 async", "1 replay", "2 async", "2 replay", "3 async", "3 replay");
        assertThat(orders.values())
                .allSatisfy(logs ->
                        assertThat(logs).containsExactlyInAnyOrder("veloz-wal", "raw-single", "raw-group", "h2"));
        assertThat(measurements)
                .extracting(each -> each.round() + " " + each.workload())
                .isEqualTo(orders.keySet().stream()
                        .flatMap(cell -> Collections.nCopies(LOGS.size(), cell).stream())
                        .toList());
    }

    @Test
    void orderOfTheLogsDiffersBetweenRoundsAndWorkloads() {
        assertThat(Set.copyOf(orders(interleaved(Plan.SEED)).values())).hasSizeGreaterThan(3);
    }

    @Test
    void orderDependsOnlyOnTheSeed() {
        assertThat(interleaved(7)).isEqualTo(interleaved(7)).isNotEqualTo(interleaved(8));
    }

    @Test
    void smokeTestRunsAllWorkloadsOfThisLogAndAFewOfTheOthers() {
        assertThat(names(Plan.smoke(
                        List.of("async", "replay"), List.of("async"), ComparedLog.of(List.of("veloz-wal", "h2")))))
                .containsExactly("1 async veloz-wal", "1 replay veloz-wal", "1 async h2");
    }

    @Test
    void timeLeftIsOfTheMeasurementsSoFar() {
        Plan plan = new Plan(Plan.interleaved(1, List.of("async"), LOGS, Plan.SEED), 8.4);

        assertThat(plan.expected()).isEqualTo(Duration.ofSeconds(40));
        assertThat(plan.left(0, Duration.ZERO)).isEqualTo(Duration.ofSeconds(40));
        assertThat(plan.left(1, Duration.ofSeconds(20))).isEqualTo(Duration.ofSeconds(60));
    }

    @Test
    void defaultRunTakesAboutFortyFiveMinutes() {
        Arguments arguments = Arguments.parse();
        Plan plan = new Plan(
                Plan.interleaved(arguments.rounds(), arguments.workloads(), arguments.logs(), Plan.SEED),
                arguments.seconds() + arguments.warmUpSeconds());

        assertThat(plan.expected()).isBetween(Duration.ofMinutes(30), Duration.ofMinutes(45));
    }
}
