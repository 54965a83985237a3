// SPDX-License-Identifier: Apache-2.0
package kdump.importers.machinefile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.machine.FormatException;
import iommu.api.machine.UnitDescription.Scope;
import iommu.api.pcie.FunctionConfig;
import iommu.api.pcie.RequesterId;
import java.nio.charset.StandardCharsets;
import java.util.List;
import kdump.importers.functions.ConfigWriter;
import kdump.importers.functions.ExpressType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whom units and reserved regions are for, as machine files spell it. */
class ScopeReaderTest {

    private static final int BRIDGE = RequesterId.parse("0000:00:01.0");
    private static final int PHYSICAL = RequesterId.parse("0000:02:00.0");

    private final ScopeReader reader = new ScopeReader(List.of(bridge(), physical()));

    private static FunctionConfig bridge() {
        var writer = new ConfigWriter(BRIDGE);
        writer.bridge(2, 4);
        return writer.build(false);
    }

    /** Three virtual functions, from 8 behind it, 0x7c apart: the last one is on another bus. */
    private static FunctionConfig physical() {
        var writer = new ConfigWriter(PHYSICAL);
        writer.express(0, ExpressType.ENDPOINT, 0, 0, 0);
        writer.singleRoot(0, 3, 8, 0x7c);
        return writer.build(true);
    }

    private static Node node(String yaml) throws FormatException {
        return new YamlReader("m.yaml", ("who: " + yaml).getBytes(StandardCharsets.UTF_8)).read()
                .required("who");
    }

    private Scope one(String text) throws FormatException {
        List<Scope> all = reader.all(node("[\"" + text + "\"]"));
        assertThat(all).hasSize(1);
        return all.get(0);
    }

    /** First bus behind, last bus behind; an endpoint has none: 1 more than its own, its own. */
    @ParameterizedTest
    @CsvSource({
        "0000:02:00.0, 0000:02:00.0, 3, 2",
        "02:00.0, 0000:02:00.0, 3, 2",
        "0000:00:01.0, 0000:00:01.0, 2, 4",
        "0000:00:01.0 alone, 0000:00:01.0, 1, 0",
        "0000:00:01.0 07-09, 0000:00:01.0, 7, 9",
        "0000:05:1f.7 ff-ff, 0000:05:1f.7, 255, 255",
        "FFFF:FF:1F.7, ffff:ff:1f.7, 256, 255",
        "0001:20-2f, 0001:20:00.0, 32, 47",
        "0000:00-ff, 0000:00:00.0, 0, 255"})
    void aScopeIsAFunctionOrBuses(String text, String requester, int first, int last)
            throws FormatException {
        assertThat(one(text)).isEqualTo(new Scope(RequesterId.parse(requester), first, last));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "others", "0000:00:20.0", "0000:00:01.8", "0000:00:01", "00-ff",
        "0000:00:01.0  alone", "0000:00:01.0 alone ", "0000:00:01.0 alone 02-03", "0000:0-1",
        "0000:00:01.0 2-4", "00000:00:01.0", "0000:100-1ff", "g000:00:01.0"})
    void anythingElseIsRefusedAtItsPlace(String text) {
        assertThatThrownBy(() -> one(text)).isInstanceOf(FormatException.class)
                .hasMessageContaining("m.yaml").hasMessageContaining("line 1, column 7, who[0]")
                .hasMessageContaining("found " + text)
                .hasMessageContaining("a function such as 0000:02:00.0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0000:00:01.0 09-07", "0001:2f-20"})
    void busesGoUpwards(String text) {
        assertThatThrownBy(() -> one(text)).isInstanceOf(FormatException.class)
                .hasMessageContaining("found " + text)
                .hasMessageContaining("buses from the lowest to the highest");
    }

    @Test
    void scopesAreAListOfTexts() {
        assertThatThrownBy(() -> reader.all(node("others"))).isInstanceOf(FormatException.class)
                .hasMessageContaining("found others, expected a list");
        assertThatThrownBy(() -> reader.all(node("[[]]"))).isInstanceOf(FormatException.class)
                .hasMessageContaining("who[0]: found a list, expected a text");
    }

    @Test
    void virtualFunctionsBelongToWhomTheirPhysicalOneBelongs() throws FormatException {
        assertThat(reader.withVirtual(node("\"0000:02:00.0\"")).stream()
                .map(s -> RequesterId.format(s.requester()))).containsExactly("0000:02:00.0",
                        "0000:02:01.0", "0000:02:10.4", "0000:03:00.0");
        assertThat(reader.withVirtual(node("\"0000:02:00.0\"")).get(3))
                .as("alone, on the bus behind").isEqualTo(
                        new Scope(RequesterId.parse("0000:03:00.0"), 4, 3));
    }

    @Test
    void aFunctionThatIsNotThereOrHasNoneIsAlone() throws FormatException {
        assertThat(reader.withVirtual(node("\"0000:09:00.0\""))).hasSize(1);
        assertThat(reader.withVirtual(node("\"0000:00:01.0\""))).hasSize(1);
        assertThat(new ScopeReader(List.of()).withVirtual(node("\"0000:00:01.0\"")))
                .as("nothing tells that it is a bridge")
                .containsExactly(new Scope(BRIDGE, 1, 0));
    }
}
