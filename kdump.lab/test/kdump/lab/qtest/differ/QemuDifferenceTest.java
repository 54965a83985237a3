// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.differ;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import kdump.lab.qtest.differ.Comparison.Difference;
import kdump.lab.qtest.differ.Regressions.Regression;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random programs on QEMU and on our machine: after every step all answers are alike. The number of
 * programs is that of the environment variable LAB_PROGRAMS, their first seed that of LAB_SEED;
 * LAB_UNIT is part of the names of the units that count.
 * What QEMU does otherwise than the manual, and what the programs leave out: docs/deviations.md.
 */
class QemuDifferenceTest {

    /**
     * Of VT-d and of AMD-Vi. The tests run a quarter of them beside the machine's own QEMU, a tenth
     * beside each other one. Where the environment says, it is all of them together.
     */
    private static final int[] PROGRAMS = {5000, 2000};
    private static final int ALL_PROGRAMS = number("LAB_PROGRAMS", 0);
    private static final int FIRST_SEED = number("LAB_SEED", 1);

    private static final Map<Oracle, List<String>> UNITS = Map.of(
            Oracle.QEMU_7_2, List.of("intel-iommu,intremap=off,aw-bits=48",
                    "intel-iommu,intremap=off,aw-bits=48,x-scalable-mode=on",
                    "intel-iommu,intremap=on,aw-bits=39,device-iotlb=on,snoop-control=on",
                    "intel-iommu,intremap=off,aw-bits=48,x-scalable-mode=on,device-iotlb=on,pt=off,"
                            + "caching-mode=on",
                    "intel-iommu,aw-bits=48,x-scalable-mode=on,x-pasid-mode=on",
                    "amd-iommu,intremap=off", "amd-iommu,device-iotlb=on"),
            Oracle.QEMU_10, List.of("intel-iommu,intremap=off",
                    "intel-iommu,x-scalable-mode=on",
                    "intel-iommu,x-scalable-mode=on,x-flts=on",
                    "intel-iommu,eim=on,device-iotlb=on,snoop-control=on,pt=off",
                    "amd-iommu,intremap=off"),
            Oracle.QEMU_11, List.of("intel-iommu,intremap=off",
                    "intel-iommu,scalable-mode=on",
                    "intel-iommu,aw-bits=39,device-iotlb=on,snoop-control=on",
                    "intel-iommu,eim=on,caching-mode=on,scalable-mode=on,device-iotlb=on",
                    "intel-iommu,scalable-mode=on,fsts=on",
                    "intel-iommu,scalable-mode=on,fsts=on,fs1gp=off,pasid-bits=20",
                    "intel-iommu,scalable-mode=on,fsts=on,pasid-bits=20,device-iotlb=on,svm=on",
                    "amd-iommu,dma-remap=on", "amd-iommu,dma-remap=on,intremap=on,xtsup=on",
                    "amd-iommu", "amd-iommu,dma-remap=on,dma-translation=off"));
    private static final String ONLY = System.getenv("LAB_UNIT");
    private static final String AMD = "amd-iommu";
    private static final int MAX_DIFFERENCES = 5;

    private static int number(String variable, int otherwise) {
        String text = System.getenv(variable);
        return text == null ? otherwise : Integer.parseInt(text);
    }

    /** A unit of one of the oracles. */
    record Unit(Oracle oracle, String device) {

        boolean isAmd() {
            return device.startsWith(AMD);
        }

        @Override
        public String toString() {
            return device + " | " + oracle.profile();
        }
    }

    private static List<Unit> units(Oracle oracle) {
        return UNITS.get(oracle).stream().map(d -> new Unit(oracle, d)).toList();
    }

    /** Returns all units of the oracles that are here, or those that LAB_UNIT is part of. */
    private static List<Unit> units() {
        return Oracle.present().stream().flatMap(o -> units(o).stream())
                .filter(u -> ONLY == null || u.toString().contains(ONLY)).toList();
    }

    private static int count(Unit unit) {
        if (ALL_PROGRAMS > 0) {
            return Math.max(1, ALL_PROGRAMS / units().size());
        }
        int share = unit.oracle() == Oracle.QEMU_7_2 ? 4 : 10;
        return PROGRAMS[unit.isAmd() ? 1 : 0] / share / (int) units(unit.oracle()).stream()
                .filter(u -> u.isAmd() == unit.isAmd()).count();
    }

    static List<Regression> regressions() throws IOException {
        return Regressions.all();
    }

    @ParameterizedTest
    @MethodSource
    void regressions(Regression regression) {
        regression.oracle().required();
        try (var comparison = new Comparison(regression.oracle(), regression.unit())) {
            assertThat(comparison.run(regression.program())).isNull();
        }
    }

    @Test
    void printedProgramIsReadBack() {
        for (Unit unit : UNITS.keySet().stream().flatMap(o -> units(o).stream()).toList()) {
            Program program = program(unit, 7);
            assertThat(program.steps()).allSatisfy(
                    s -> assertThat(Regressions.step(s.toString())).isEqualTo(s));
            assertThat(program(unit, 7)).as("the same seed").isEqualTo(program);
            assertThat(program(unit, 8)).as("another seed").isNotEqualTo(program);
        }
    }

    private static Program program(Unit unit, long seed) {
        return unit.isAmd() ? AmdProgramMaker.of(seed, unit.oracle())
                : VtdProgramMaker.of(seed, unit.oracle(), unit.device());
    }

    private static Difference difference(Comparison comparison, Program program, long seed) {
        try {
            return comparison.run(program);
        } catch (IllegalStateException e) {
            throw new IllegalStateException("seed " + seed, e);
        }
    }

    /** Each unit has its own QEMU and its own thread: most of the time goes into waiting. */
    @ParameterizedTest
    @EnumSource
    void randomProgramsRunAlike(Oracle oracle) {
        oracle.required();
        assertThat(differences(units(oracle))).isEmpty();
    }

    /** Returns the shortest programs found that differ, with what reproduces them. */
    static List<String> differences() {
        return differences(units());
    }

    private static List<String> differences(List<Unit> units) {
        return units.parallelStream().flatMap(u -> differences(u).stream()).toList();
    }

    /** Returns the number of programs of all units. */
    static int programs() {
        return units().stream().mapToInt(QemuDifferenceTest::count).sum();
    }

    /** What the program before has left may count: then a program differs once only. */
    private static String last(Difference shrunk, Difference first) {
        return shrunk != null ? shrunk.toString() : "once only, " + first;
    }

    private static List<String> differences(Unit unit) {
        var differences = new ArrayList<String>();
        try (var comparison = new Comparison(unit.oracle(), unit.device())) {
            int last = FIRST_SEED + count(unit) - 1;
            for (long seed = FIRST_SEED; seed <= last; seed++) {
                Program program = program(unit, seed);
                Difference first = difference(comparison, program, seed);
                if (first != null) {
                    Program shorter = comparison.shrink(program);
                    if (differences.size() == MAX_DIFFERENCES) {
                        break;
                    }
                    differences.add("LAB_SEED=" + seed + " LAB_PROGRAMS=1 LAB_UNIT='" + unit
                            + "' cnf/make differ: " + unit + "\n" + shorter.steps().stream()
                            .map(Step::toString).collect(Collectors.joining("\n")) + "\n"
                            + last(comparison.run(shorter), first));
                }
            }
        }
        return differences;
    }
}
