// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Registry

@Suite struct MLflowModelTests {
    @Test(arguments: [
        ("flavors:\n  onnx:\n    data: model.onnx\n  python_function:\n    data: other\n", "model.onnx"),
        ("flavors:\n  python_function:\n    data: model.xgb\n  xgboost:\n    data: model.ubj\n", "model.ubj"),
        ("flavors:\n  sklearn:\n    pickled_model: model.pkl\n", "model.pkl"),
        ("flavors:\n  python_function:\n    model_path: model.lgb\n", "model.lgb"),
    ])
    func theLibrarysOwnFlavour_namesTheFile(text: String, name: String) {
        let bytes = Array(text.utf8)
        #expect(MLflowModel.modelFile(bytes.span) == name)
    }

    @Test(arguments: [
        "", "flavors: 3\n", "flavors:\n  onnx: [1]\n", "a: &b 1\n", "flavors:\n  onnx:\n    data: ''\n",
    ])
    func whatIsNotUnderstood_saysNothing(text: String) {
        let bytes = Array(text.utf8)
        #expect(MLflowModel.modelFile(bytes.span) == nil)
    }
}
