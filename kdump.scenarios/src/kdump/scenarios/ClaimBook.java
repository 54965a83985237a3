// SPDX-License-Identifier: Apache-2.0
package kdump.scenarios;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import kdump.lab.api.LabException;
import kdump.lab.api.experiment.Experiments;
import kdump.lab.api.experiment.ScenarioResult;
import kdump.lab.api.experiment.Scenarios;
import kdump.scenarios.trial.Claim;
import kdump.scenarios.trial.Finding;
import kdump.scenarios.trial.Stage;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** All claims, in the order of their sources. */
@Component
public final class ClaimBook implements Scenarios {

    /** All claims by id, put together when somebody asks for them first. */
    private static final class Pages {

        private static final Map<String, Claim> CLAIMS = new LinkedHashMap<>();

        static {
            Stream.of(SumnerInFlight.CLAIMS, SumnerKept.CLAIMS, SumnerTables.CLAIMS,
                    MontgomeryRule.CLAIMS, MontgomeryLimits.CLAIMS, MontgomeryKinds.CLAIMS,
                    MontgomeryAperture.CLAIMS,
                    RoedelOptions.CLAIMS, RoedelProcedure.CLAIMS, IndohResets.CLAIMS,
                    IndohAttempts.CLAIMS, WrightWindow.CLAIMS, WrightCaches.CLAIMS)
                    .flatMap(List::stream).sorted(Comparator.comparing(ClaimBook::place))
                    .forEach(claim -> CLAIMS.put(claim.id(), claim));
        }
    }

    private final Experiments experiments;

    /** Opens the book at a bench. */
    @Activate
    public ClaimBook(@Reference Experiments experiments) {
        this.experiments = experiments;
    }

    /** Returns the place of a claim: post, then number. */
    private static int place(Claim claim) {
        String[] parts = claim.id().substring(1).split("-");
        return 100 * Integer.parseInt(parts[0]) + Integer.parseInt(parts[1]);
    }

    @Override
    public List<String> ids() {
        return List.copyOf(claims().keySet());
    }

    /** Returns the claims, by id. */
    static Map<String, Claim> claims() {
        return Pages.CLAIMS;
    }

    @Override
    public ScenarioResult run(String id, long seed) throws LabException {
        Claim claim = claims().get(id);
        if (claim == null) {
            throw new LabException("no claim '" + id + "'; there are S1-1 to S5-10");
        }
        var stage = new Stage(experiments, seed);
        Finding finding = found(claim, stage);
        return new ScenarioResult(id, claim.claim(), claim.setup(), claim.expected(),
                finding.observed(), finding.holds(), finding.reason(), stage.runs(),
                finding.rate() == null ? null
                        : new double[] {finding.rate().low(), finding.rate().high()});
    }

    private static Finding found(Claim claim, Stage stage) throws LabException {
        try {
            return claim.trial().run(stage);
        } catch (Stage.NotInForceException e) {
            return Finding.none("not tried", e.getMessage());
        }
    }
}
