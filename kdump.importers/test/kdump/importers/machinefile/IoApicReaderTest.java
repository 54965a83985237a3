// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FormatException;
import iommu.api.machine.UnitDescription;
import iommu.api.unit.IoApic;
import iommu.testkit.seeds.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The list "ioapics" of a machine of three units. */
class IoApicReaderTest {

    private static final List<UnitDescription> UNITS = Collections.nCopies(3, null);
    private static final String SOURCE = "source: \"0000:00:14.0\"";

    private static List<IoApic> read(String entries) throws FormatException {
        String yaml = "ioapics: [" + entries + "]\n";
        return new IoApicReader(new YamlReader("m.yaml", yaml.getBytes(StandardCharsets.UTF_8))
                .read(), UNITS).read();
    }

    /** Each begins where the one before it ends, one page behind the usual place. */
    @Test
    void whatIsNotSaidFollowsFromTheOnesBefore() throws Exception {
        assertThat(read("{SOURCE}, {inputs: 8, SOURCE}, {firstInput: 100, SOURCE}, {SOURCE}"
                .replace("SOURCE", SOURCE))).containsExactly(
                        new IoApic(0, 0xfec0_0000L, 0, 24, 0xa0, -1, true),
                        new IoApic(1, 0xfec0_1000L, 24, 8, 0xa0, -1, true),
                        new IoApic(2, 0xfec0_2000L, 100, 24, 0xa0, -1, true),
                        new IoApic(3, 0xfec0_3000L, 124, 24, 0xa0, -1, true));
        assertThat(read("")).isEmpty();
    }

    /** Rows: what is said, and the I/O APIC that it makes. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "id: 255        | 255, 4273995776, 0, 24, -1, true",
        "base: 0x1000   | 0, 4096, 0, 24, -1, true",
        "firstInput: 64K | 0, 4273995776, 65536, 24, -1, true",
        "inputs: 120    | 0, 4273995776, 0, 120, -1, true",
        "inputs: 1      | 0, 4273995776, 0, 1, -1, true",
        "unit: 2        | 0, 4273995776, 0, 24, 2, true",
        "lint0: false   | 0, 4273995776, 0, 24, -1, false",
        "lint0: true    | 0, 4273995776, 0, 24, -1, true"})
    void eachMemberIsTaken(String member, String expected) throws Exception {
        IoApic a = read("{" + member + ", " + SOURCE + "}").get(0);
        assertThat(a.id() + ", " + a.base() + ", " + a.firstInput() + ", " + a.inputs() + ", "
                + a.unit() + ", " + a.lint0()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{id: 256, SOURCE}          | from 0 to 255",
        "{id: -1, SOURCE}           | -1",
        "{base: 0xfff, SOURCE}      | from 4096 to",
        "{base: 0x10000000000000, SOURCE} | from 4096 to",
        "{firstInput: 65537, SOURCE} | from 0 to 65536",
        "{inputs: 121, SOURCE}      | from 1 to 120",
        "{unit: 3, SOURCE}          | from 0 to 2",
        "{unit: -1, SOURCE}         | -1",
        "{gsi: 3, SOURCE}           | one of base, firstInput, id, inputs, lint0, source, unit",
        "{lint0: maybe, SOURCE}     | maybe",
        "{source: \"0000:00:20.0\"} | 0000:00:20.0",
        "{source: [1]}              | a list",
        "{base: 0xfec00000}         | no source",
        "ioapic                     | members",
        "{SOURCE}, {base: 0xfec00000, SOURCE} | apart",
        "{SOURCE}, {base: 0xfec00010, SOURCE} | apart",
        "{SOURCE}, {base: 0xfebfffd0, SOURCE} | apart",
        "{SOURCE}, {firstInput: 23, SOURCE}   | apart",
        "{firstInput: 24, SOURCE}, {firstInput: 0, inputs: 25, SOURCE} | apart"})
    void whatCannotBeIsRefusedWithItsPlace(String entries, String words) {
        assertThatThrownBy(() -> read(entries.replace("SOURCE", SOURCE)))
                .isInstanceOf(FormatException.class).hasMessageContaining(words)
                .hasMessageContaining("line 1, column ");
    }

    @Test
    void neighboursAreApart() throws Exception {
        assertThat(read(("{firstInput: 24, SOURCE}, {base: 0xfec00040, firstInput: 0, SOURCE}, "
                + "{base: 0xfebfffc0, firstInput: 48, SOURCE}").replace("SOURCE", SOURCE)))
                .extracting(IoApic::firstInput).containsExactly(24, 0, 48);
    }

    /** Whatever numbers are given: they are taken as they are, or refused for one that meets. */
    @Seeds(count = 20)
    void anAcceptedListHasNoTwoThatMeet(long seed) throws Exception {
        var random = new Random(seed);
        var entries = new StringBuilder();
        int count = 2 + random.nextInt(3);
        int[] first = new int[count];
        int[] inputs = new int[count];
        boolean meet = false;
        for (int i = 0; i < count; i++) {
            first[i] = random.nextInt(120);
            inputs[i] = 1 + random.nextInt(40);
            for (int j = 0; j < i; j++) {
                for (int input = first[i]; input < first[i] + inputs[i]; input++) {
                    meet |= input >= first[j] && input < first[j] + inputs[j];
                }
            }
            entries.append(i == 0 ? "" : ", ").append("{firstInput: ").append(first[i])
                    .append(", inputs: ").append(inputs[i]).append(", " + SOURCE + "}");
        }
        if (meet) {
            assertThatThrownBy(() -> read(entries.toString())).hasMessageContaining("apart");
        } else {
            assertThat(read(entries.toString()).stream().mapToInt(IoApic::inputs).toArray())
                    .isEqualTo(inputs);
        }
    }
}
