// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import kdump.lab.qtest.differ.Regressions.Regression;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random programs on QEMU and on our machine: after every step all answers are alike. The number of
 * programs is that of the environment variable LAB_PROGRAMS, their first seed that of LAB_SEED.
 * What QEMU does otherwise than the manual, and what the programs leave out: docs/deviations.md.
 */
class QemuDifferenceTest {

    /** Of VT-d and of AMD-Vi; where the environment says, it is all of them together. */
    private static final int[] PROGRAMS = {5000, 2000};
    private static final int ALL_PROGRAMS = number("LAB_PROGRAMS", 0);
    private static final int FIRST_SEED = number("LAB_SEED", 1);

    private static final List<String> UNITS = List.of("intel-iommu,intremap=off,aw-bits=48",
            "intel-iommu,intremap=off,aw-bits=48,x-scalable-mode=on",
            "intel-iommu,intremap=on,aw-bits=39,device-iotlb=on,snoop-control=on",
            "intel-iommu,intremap=off,aw-bits=48,x-scalable-mode=on,device-iotlb=on,pt=off,"
                    + "caching-mode=on",
            "intel-iommu,aw-bits=48,x-scalable-mode=on,x-pasid-mode=on",
            "amd-iommu,intremap=off", "amd-iommu,device-iotlb=on");
    private static final String AMD = "amd-iommu";
    private static final int MAX_DIFFERENCES = 5;

    private static int number(String variable, int otherwise) {
        String text = System.getenv(variable);
        return text == null ? otherwise : Integer.parseInt(text);
    }

    private static int count(String unit) {
        boolean amd = unit.startsWith(AMD);
        return ALL_PROGRAMS > 0 ? ALL_PROGRAMS / UNITS.size()
                : PROGRAMS[amd ? 1 : 0] / (int) UNITS.stream()
                        .filter(u -> u.startsWith(AMD) == amd).count();
    }

    private static void needsQemu() {
        assumeTrue(QemuProcess.isPresent(), "no qemu-system-x86_64");
    }

    static List<Regression> regressions() throws IOException {
        return Regressions.all();
    }

    @ParameterizedTest
    @MethodSource
    void regressions(Regression regression) {
        needsQemu();
        try (var comparison = new Comparison(regression.unit())) {
            assertThat(comparison.run(regression.program())).isNull();
        }
    }

    @Test
    void printedProgramIsReadBack() {
        for (String unit : UNITS) {
            Program program = program(unit, 7);
            assertThat(program.steps()).allSatisfy(
                    s -> assertThat(Regressions.step(s.toString())).isEqualTo(s));
            assertThat(program(unit, 7)).as("the same seed").isEqualTo(program);
            assertThat(program(unit, 8)).as("another seed").isNotEqualTo(program);
        }
    }

    private static Program program(String unit, long seed) {
        return unit.startsWith(AMD) ? AmdProgramMaker.of(seed)
                : VtdProgramMaker.of(seed, unit.contains("scalable"));
    }

    private static boolean differ(Comparison comparison, Program program, long seed) {
        try {
            return comparison.run(program) != null;
        } catch (IllegalStateException e) {
            throw new IllegalStateException("seed " + seed, e);
        }
    }

    /** Each unit has its own QEMU and its own thread: most of the time goes into waiting. */
    @Test
    void randomProgramsRunAlike() {
        needsQemu();
        assertThat(differences()).isEmpty();
    }

    /** Returns the shortest programs found that differ, with what reproduces them. */
    static List<String> differences() {
        return UNITS.parallelStream().flatMap(u -> differences(u).stream()).toList();
    }

    /** Returns the number of programs of all units. */
    static int programs() {
        return UNITS.stream().mapToInt(QemuDifferenceTest::count).sum();
    }

    private static List<String> differences(String unit) {
        var differences = new ArrayList<String>();
        try (var comparison = new Comparison(unit)) {
            int last = FIRST_SEED + count(unit) - 1;
            for (long seed = FIRST_SEED; seed <= last; seed++) {
                Program program = program(unit, seed);
                if (differ(comparison, program, seed)) {
                    Program shorter = comparison.shrink(program);
                    if (differences.size() == MAX_DIFFERENCES) {
                        break;
                    }
                    differences.add("LAB_SEED=" + seed + " LAB_PROGRAMS=" + UNITS.size()
                            + " cnf/make test: " + unit + "\n" + shorter.steps().stream()
                            .map(Step::toString).collect(Collectors.joining("\n")) + "\n"
                            + comparison.run(shorter));
                }
            }
        }
        return differences;
    }
}
