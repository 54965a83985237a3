// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import iommu.api.pcie.FabricFactory;
import iommu.api.sim.EventQueue;
import iommu.api.unit.IommuVendor;
import iommu.api.unit.RootComplexFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import kdump.lab.engine.Fixture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a run finds of services, what it is told where there is none, and who is gone. */
class ServicesTest {

    private static final Services ALL = Fixture.SERVICES;
    private static final Services NOTHING = new Services(Map.of(), List.of(), null, null);

    private static Services of(String... vendors) {
        var byName = new LinkedHashMap<String, IommuVendor>();
        for (String vendor : vendors) {
            byName.put(vendor, ALL.vendor("vtd"));
        }
        return new Services(byName, List.of(), null, null);
    }

    // ---- refusals -------------------------------------------------------------------------------

    @Test
    void whatIsMissingIsTold() {
        assertThatIllegalArgumentException().isThrownBy(NOTHING::fabric)
                .withMessage("no bundle provides a PCI Express fabric");
        assertThatIllegalArgumentException().isThrownBy(NOTHING::rootComplex)
                .withMessage("no bundle provides a root complex");
        assertThatIllegalArgumentException().isThrownBy(() -> NOTHING.vendor("vtd"))
                .withMessage("no bundle provides the IOMMU vendor 'vtd'; present: ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "VTD", "vtd ", "amdvi2", "0"})
    void aVendorOfAnotherNameIsNone(String name) {
        assertThatIllegalArgumentException().isThrownBy(() -> of("vtd", "amdvi").vendor(name))
                .withMessage("no bundle provides the IOMMU vendor '" + name
                        + "'; present: vtd, amdvi");
    }

    @Test
    void oneOfTheTwoIsNotTheOther() {
        FabricFactory fabric = ALL.fabric();
        RootComplexFactory complex = ALL.rootComplex();
        var onlyFabric = new Services(Map.of(), List.of(), fabric, null);
        var onlyComplex = new Services(Map.of(), List.of(), null, complex);
        assertThat(onlyFabric.fabric()).isSameAs(fabric);
        assertThatIllegalArgumentException().isThrownBy(onlyFabric::rootComplex);
        assertThat(onlyComplex.rootComplex()).isSameAs(complex);
        assertThatIllegalArgumentException().isThrownBy(onlyComplex::fabric);
    }

    @ParameterizedTest
    @CsvSource({"vtd", "amdvi", "calgary", "gart"})
    void aVendorIsFoundByItsOwnName(String name) {
        assertThat(ALL.vendor(name)).isSameAs(ALL.vendors().get(name));
        assertThat(ALL.vendor(name).name()).isEqualTo(name);
        assertThat(ALL.handovers().get(name).vendor()).isEqualTo(name);
    }

    // ---- others ---------------------------------------------------------------------------------

    @Test
    void withFewerServicesTheOthersAreEmpty() {
        assertThat(NOTHING.handovers()).isEmpty();
        assertThat(NOTHING.waysToMap()).isEmpty();
        assertThat(NOTHING.presence()).isSameAs(Presence.FOREVER);
        var more = new Services(ALL.vendors(), ALL.models(), ALL.fabric(), ALL.rootComplex(),
                ALL.handovers());
        assertThat(more.handovers()).isEqualTo(ALL.handovers());
        assertThat(more.waysToMap()).isEmpty();
        assertThat(more.presence()).isSameAs(Presence.FOREVER);
    }

    @Test
    void otherModelsOrWaysLeaveTheRestAsItIs() {
        Presence presence = service -> "gone";
        var before = new Services(ALL.vendors(), ALL.models(), ALL.fabric(), ALL.rootComplex(),
                ALL.handovers(), ALL.waysToMap(), ALL.interruptControllers(), presence);
        Services models = before.withModels(List.of());
        assertThat(models.models()).isEmpty();
        assertThat(models.withModels(ALL.models())).isEqualTo(before);
        Services ways = before.withWaysToMap(List.of());
        assertThat(ways.waysToMap()).isEmpty();
        assertThat(ways.withWaysToMap(ALL.waysToMap())).isEqualTo(before);
        assertThat(models.withWaysToMap(List.of())).isEqualTo(ways.withModels(List.of()));
        assertThat(models.presence()).isSameAs(presence);
        assertThat(ways.presence()).isSameAs(presence);
        assertThat(before.models()).isEqualTo(ALL.models());
        assertThat(before.waysToMap()).isEqualTo(ALL.waysToMap());
    }

    // ---- presence -------------------------------------------------------------------------------

    @Test
    void whatNoFrameworkHandedOutStays() {
        for (Object service : new Object[] {"x", ALL, ALL.fabric(), new Object(), 5}) {
            assertThat(Presence.FOREVER.withdrawn(service)).isNull();
        }
        var queue = new EventQueue();
        Presence.FOREVER.began(queue);
        assertThat(queue.nanos()).isZero();
    }

    // ---- answers --------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"a unit", "a driver", "steps"})
    void anAnswerOfNullNamesWhoGaveIt(String what) {
        assertThatExceptionOfType(NoAnswerException.class)
                .isThrownBy(() -> NoAnswerException.checked(null, new TreeMap<>(), what))
                .withMessage("java.util.TreeMap broke: it answered null, expected " + what);
    }

    @Test
    void anyOtherAnswerIsTheAnswer() {
        for (Object answer : new Object[] {"", 0, false, List.of(), this}) {
            assertThat(NoAnswerException.checked(answer, this, "it")).isSameAs(answer);
        }
    }
}
